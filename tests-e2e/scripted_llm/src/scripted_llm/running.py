"""Starts the server inside a test's own event loop, on a free port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import uvicorn

from scripted_llm.app import create_app
from scripted_llm.model import Model
from scripted_llm.settings import Behaviour

TEST_KEY = "sk-scripted"


@dataclass(frozen=True, slots=True)
class RunningLlm:
    """A server that runs. `model` is its state, open to the test."""

    base_url: str
    api_key: str
    model: Model


class _QuietServer(uvicorn.Server):
    """Leaves the signal handlers of the process alone, and ends as soon as it is told: uvicorn itself looks ten times a
    second, and then gives those who are connected a tenth.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.over = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        """Sets what each answer carries, and waits."""
        await self.on_tick(0)
        await self.over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever is still being answered is cut off: the test is over."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        running = list(self.server_state.tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@contextlib.asynccontextmanager
async def running_llm(behaviour: Behaviour | None = None, *, api_key: str = TEST_KEY) -> AsyncIterator[RunningLlm]:
    """A server on a free port of this machine, stopped on exit. `base_url` ends in `/v1`."""
    model = Model(api_key)
    model.behave(behaviour or Behaviour())
    # Named TCP: else asyncio leaves Nagle's algorithm on, and every short answer takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    config = uvicorn.Config(create_app(model), log_level="critical", access_log=False, lifespan="off")
    server = _QuietServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield RunningLlm(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", api_key, model)
    finally:
        server.over.set()
        await serving
        listener.close()
