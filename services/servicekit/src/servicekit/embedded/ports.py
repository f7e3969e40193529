"""Free TCP ports on the loopback interface.

They are taken from below the range from which the system gives connections their own end: a server that is started
again on its port would else find a connection of somebody's there, and could not have it back while that lives.
"""

import random
import socket

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
    """`preferred` when it is free (and not 0), else a random one that is; at the last one that the system picks."""
    if preferred and port_is_free(preferred, host):
        return preferred
    for _ in range(_TRIES):
        port = random.randint(_FIRST, _LAST)
        if port_is_free(port, host):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        picked: int = probe.getsockname()[1]
        return picked
