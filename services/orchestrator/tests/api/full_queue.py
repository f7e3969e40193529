"""A queue that is as long as a test wants it, and a shop that can send e-mails."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from orchestrator.jobs.waiting import Waiting


class Seen:
    """A queue of this length and pace, whatever the real one is."""

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting

    @property
    def crowded(self) -> bool:
        return bool(self.waiting.places)

    async def now(self) -> Waiting:
        return self.waiting

    def join(self) -> None:
        self.waiting = replace(self.waiting, joined=self.waiting.joined + 1)


@pytest.fixture
def full(api) -> Iterator[Seen]:
    """So many wait that a new message would wait for half a minute, which is longer than anybody has to."""
    desk, seen = api.app.state.desk, Seen(Waiting({f"trn_{n}": n for n in range(60)}, oldest_s=3.0, per_s=2.0))
    line = replace(desk.line, watch=seen, patience_s=20.0)
    api.app.state.desk = replace(desk, line=line, intake=replace(desk.intake, line=line))
    yield seen
    api.app.state.desk = desk


@pytest_asyncio.fixture(loop_scope="module")
async def empty(api) -> AsyncIterator[None]:
    """Nothing waits but what the test itself sends."""
    await api.db.execute("DELETE FROM pgqueuer")
    yield
    await api.db.execute("DELETE FROM pgqueuer")


@pytest.fixture
def mailing(api, full: Seen) -> Iterator[Seen]:
    """As many, and the shop can send e-mails."""
    desk = api.app.state.desk
    line = replace(desk.line, mails=lambda: True, most_mails=2, mails_guests=lambda: True)
    api.app.state.desk = replace(desk, line=line, intake=replace(desk.intake, line=line))
    yield full
    api.app.state.desk = desk


def events_of(body: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of each event of a stream."""
    frames = [frame.split("\n") for frame in body.split("\n\n") if "event: " in frame]
    return [
        (next(line[7:] for line in frame if line.startswith("event: ")),
         json.loads(next(line[6:] for line in frame if line.startswith("data: "))))
        for frame in frames
    ]  # fmt: skip
