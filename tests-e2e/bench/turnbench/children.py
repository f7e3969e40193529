"""The processes beside the product: the scripted model, the rivals' tool, and one process per rival."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from servicekit.embedded.process import guarded
from turnbench.driving import MOST_S, Driven
from turnbench.task import Target

HERE = Path(__file__).parents[1]
_READY_S = 60.0
#: No run of turns takes longer, in seconds.
RUN_S = 60.0
_LINE = 64 * 1024 * 1024


class BenchError(Exception):
    """The measurement cannot go on. The message is for the person at the terminal."""


class RivalProcess:
    """A rival in a process of its own."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process, self._log = process, log
        self._next = 1

    def groups(self) -> dict[str, list[int]]:
        """What is measured."""
        return {"loop": [self._process.pid]}

    async def ready(self) -> None:
        """Returns when it may be measured. Raises BenchError when its packages are not installed."""
        await self._reply(_READY_S)

    async def prepare(self, turns: int) -> None:
        """Nothing has to be made ready."""

    async def run(self, turns: int, concurrency: int, tokens: int) -> Driven:
        """Runs turns in that process. Raises BenchError when it ends instead."""
        told = {"first": self._next, "turns": turns, "concurrency": concurrency, "tokens": tokens, "most_s": MOST_S}
        self._next += turns
        if self._process.stdin is None:
            raise BenchError(f"{self.name} has no standard input")
        self._process.stdin.write(orjson.dumps(told) + b"\n")
        return Driven(**await self._reply(RUN_S))

    async def _reply(self, timeout_s: float) -> dict[str, Any]:
        if self._process.stdout is None:
            raise BenchError(f"{self.name} has no standard output")
        line = b""
        with suppress(TimeoutError):
            line = await asyncio.wait_for(self._process.stdout.readline(), timeout_s)
        if not line:
            raise BenchError(f"{self.name} ended or hangs:\n{_tail(self._log)}")
        told: dict[str, Any] = orjson.loads(line)
        return told


@asynccontextmanager
async def rival_process(name: str, target: Target, logs: Path) -> AsyncIterator[RivalProcess]:
    """Starts a rival; `ready` waits until its packages are imported."""
    log = logs / f"{name.replace(' ', '-')}.log"
    arguments = ["turnbench.worker", name, target.llm_url, target.llm_key, target.tool_url]
    async with child(arguments, log, pipes=True) as process:
        yield RivalProcess(name, process, log)


@asynccontextmanager
async def http_server(arguments: Sequence[str], url: str, log: Path) -> AsyncIterator[int]:
    """A server, `python -m arguments`, that answers at `url`; its process id."""
    async with child(arguments, log) as process, aiohttp.ClientSession() as session:
        while process.returncode is None:
            with suppress(aiohttp.ClientConnectionError):
                async with session.get(url):
                    break
            await asyncio.sleep(0.05)
        else:
            raise BenchError(f"{arguments[0]} ended:\n{_tail(log)}")
        yield process.pid


@asynccontextmanager
async def child(
    arguments: Sequence[str], log: Path, *, pipes: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process, `python -m arguments`, that ends with this one; with `pipes` its input and output are ours."""
    pipe = asyncio.subprocess.PIPE if pipes else asyncio.subprocess.DEVNULL
    # Neither traces nor keys of the person's own environment have a place in a measurement.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("LANG", "OPENAI_", "AIGUY_"))
    }
    environment["PYTHONPATH"] = str(HERE)
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *guarded([sys.executable, "-m", *arguments]), stdin=pipe, stdout=pipe if pipes else errors, stderr=errors,
            env=environment, start_new_session=True, limit=_LINE,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5.0)
        if process.returncode is None:
            process.kill()
            await process.wait()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])
