"""Free TCP ports on the loopback interface.

They are taken from below the range from which the system gives connections their own end: a server that is started
again on its port would else find a connection of somebody's there, and could not have it back while that lives.
"""

import random
import socket
import sys

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 20_000, 32_000
_TRIES = 50


def port_is_free(port: int, host: str = LOOPBACK) -> bool:
    """True when a server could listen on `host:port` right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(preferred: int = 0, host: str = LOOPBACK) -> int:
    """`preferred` when it is free (and not 0), else a random one that is and that nobody has claimed; at the last one
    that the system picks.
    """
    if preferred and port_is_free(preferred, host):
        return preferred
    for _ in range(_TRIES):
        port = random.randint(_FIRST, _LAST)
        # Whoever claimed it does not listen yet, and will.
        if port_is_free(port, host) and (mark := _mark(port)):
            mark.close()
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        picked: int = probe.getsockname()[1]
        return picked


def _mark(port: int) -> socket.socket | None:
    """What says that a port is claimed, until it is closed; None when somebody's does."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if sys.platform != "linux":
        return mark
    try:
        mark.bind(f"\0aiguy-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark


class PortClaims:
    """Ports that this process has chosen for servers which listen later: no other process that asks here chooses them.

    Two stacks that start in the same second would else both find 8081 free, and one would talk to the other's service.
    A claim is a name in Linux's abstract socket space: it holds where the port does (the network namespace), whoever
    the user is, and ends with the process. Elsewhere ports are only looked at.
    """

    def __init__(self) -> None:
        self._held: dict[int, socket.socket] = {}

    def claim(self, port: int) -> bool:
        """True when the port is free and nobody has claimed it; it is ours then until `release`."""
        if port in self._held or not port_is_free(port):
            return False
        mark = _mark(port)
        if mark is None:
            return False
        self._held[port] = mark
        return True

    def claim_any(self) -> int:
        """A free port nobody has claimed, which is ours then."""
        port = free_port()
        while not self.claim(port):
            port = free_port()
        return port

    def release(self) -> None:
        """Give all of them back."""
        for mark in self._held.values():
            mark.close()
        self._held.clear()
