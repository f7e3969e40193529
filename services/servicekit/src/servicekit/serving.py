"""The server of a process. Told to end, it lets its callers go elsewhere first, and only then closes its door."""

import asyncio
import socket

import uvicorn
from fastapi import FastAPI

_LOOKS_S = 0.05
_CLOSE = (b"connection", b"close")


def shared_socket(host: str, port: int) -> socket.socket:
    """A socket for one of several processes on the same port; all of them have to share it, and one user runs them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    shared = socket.socket(family)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind((host, port))
    return shared


class LeavingServer(uvicorn.Server):
    """Serves until SIGTERM, and for `drain_s` seconds more.

    In these `/readyz` is 503 and each answer ends its connection. A server that closes connections which are kept
    between requests costs whoever writes on one at that moment their request, and it may have been a write.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, drain_s: float) -> None:
        super().__init__(config)
        self._app, self._drain_s = app, drain_s

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then end what is under way; a second SIGINT skips both."""
        self._app.state.draining = True
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._drain_s
        while not self.force_exit and (left := ends - loop.time()) > 0:  # noqa: ASYNC110 - a signal's handler sets it
            await asyncio.sleep(min(_LOOKS_S, left))
        await super().shutdown(sockets)
