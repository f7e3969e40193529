"""Keeps a set of processes running, and brings all of them down in order."""

import asyncio
from collections.abc import Mapping, Sequence

from onebox.child import BackOff, Child, ChildSpec
from onebox.report import Report


class Supervisor:
    """Processes by name. They start side by side and stop in the reverse order of their waves."""

    def __init__(self, report: Report, back_off: BackOff | None = None) -> None:
        self._report = report
        self._back_off = back_off or BackOff()
        self._waves: list[list[Child]] = []

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of those that run."""
        return {child.spec.name: child.pid for wave in self._waves for child in wave if child.pid is not None}

    @property
    def restarts(self) -> dict[str, int]:
        """How often each was restarted after ending by itself."""
        return {child.spec.name: child.restarts for wave in self._waves for child in wave}

    async def start(self, specs: Sequence[ChildSpec]) -> None:
        """Start a wave of processes. A wave that started later stops earlier."""
        wave = [Child(spec, self._report, self._back_off) for spec in specs]
        self._waves.append(wave)
        await asyncio.gather(*(child.start() for child in wave))

    async def restart(self, name: str, environment: Mapping[str, str] | None = None) -> None:
        """Stop one process and start it again. Raises KeyError for an unknown name."""
        await self._child(name).restart(environment)

    async def stop_one(self, name: str) -> None:
        """Stop one process and keep it stopped until `restart`. Raises KeyError for an unknown name."""
        await self._child(name).stop()

    async def stop(self) -> None:
        """Stop every process; returns when all are gone. Later waves first."""
        while self._waves:
            wave = self._waves[-1]
            await asyncio.gather(*(child.stop() for child in wave))
            self._waves.pop()

    def _child(self, name: str) -> Child:
        for wave in self._waves:
            for child in wave:
                if child.spec.name == name:
                    return child
        raise KeyError(name)
