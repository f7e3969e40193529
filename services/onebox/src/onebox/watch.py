"""Keeps the embedded servers running: one that dies is started again on its own data and port."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from onebox.report import Report
from servicekit.embedded import EmbeddedError

_LOOK_EVERY_S = 0.2


class Server(Protocol):
    """A server of the stack."""

    @property
    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""

    def start(self) -> None:
        """Blocks until it answers."""


class ServerWatch:
    """Watches servers that were started. `start` and `stop` belong to the stack's life."""

    def __init__(self, servers: Mapping[str, Server], report: Report, *, pause_s: float = 2.0) -> None:
        """`pause_s`: between two tries to start one."""
        self._servers, self._report, self._pause_s = servers, report, pause_s
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Watch those that are ours; a server of the user's own is left alone."""
        ours = {name: server for name, server in self._servers.items() if server.pid is not None}
        self._tasks = [asyncio.create_task(self._watch(*one), name=f"watch-{one[0]}") for one in ours.items()]

    async def stop(self) -> None:
        """Watch no more; returns when no server is being started any more."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    async def _watch(self, name: str, server: Server) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if server.pid is not None:
                continue
            self._report.trouble(f"{name} ended by itself; it is started again")
            starting = asyncio.ensure_future(asyncio.to_thread(server.start))
            try:
                await asyncio.shield(starting)
            except asyncio.CancelledError:
                # A thread cannot be cancelled: who stops the stack must not stop a server that is just starting.
                await asyncio.gather(starting, return_exceptions=True)
                raise
            except (EmbeddedError, OSError) as error:
                self._report.trouble(f"{name} cannot be started: {error}")
                await asyncio.sleep(self._pause_s)
