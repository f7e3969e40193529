"""An app behind a real port, in a thread with a loop of its own: for tests that must speak HTTP from outside."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from fastapi import FastAPI

from servicekit.testing.waiting import eventually

_START_TIMEOUT_S, _GRACE_S = 20.0, 2.0


class _Server(uvicorn.Server):
    """Ends as soon as it is told and nobody is served; uvicorn itself looks for both ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()

    async def main_loop(self) -> None:
        """Sets what each answer carries, and waits."""
        self._loop = asyncio.get_running_loop()
        if not await self.on_tick(0):
            await self._over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Requests that are under way have their time to end."""
        for server in self.servers:
            server.close()
        state = self.server_state
        for connection in list(state.connections):
            connection.shutdown()
        with suppress(AssertionError):
            await eventually(lambda: not state.connections and not state.tasks, _GRACE_S)
        for task in state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    def end(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)


@contextmanager
def live_server(app: FastAPI) -> Iterator[str]:
    """The base URL of `app`, served on a free port of 127.0.0.1 until the block ends."""
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True, name="live-server")
    thread.start()
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise RuntimeError("the app did not start")
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.end()
        thread.join(timeout=_START_TIMEOUT_S)
