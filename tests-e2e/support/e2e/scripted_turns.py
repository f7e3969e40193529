"""Turns that play what a test has written, as the orchestrator streams them: numbered events, kept for who resumes."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
DIGEST = "d" * 64


@dataclass(frozen=True, slots=True)
class Cut:
    """The line breaks here, once."""


@dataclass(slots=True)
class Gate:
    """The turn waits here until the test opens it; `reached` says that it stands before it."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


Line = Event | Cut | Gate
Script = Sequence[Line]


def chunks(*pieces: str) -> list[Event]:
    """Pieces of an answer, each at its place; offsets count characters."""
    offsets = itertools.accumulate((len(piece) for piece in pieces), initial=0)
    return [{"event": "chunk", "text": piece, "offset": offset} for piece, offset in zip(pieces, offsets, strict=False)]


def end(text: str, outcome: str = "answered", **more: Any) -> Event:
    """The end of a turn; `more`: citations, links, answering."""
    return {"event": "end", "outcome": outcome, "text": text, "citations": [], "links": {}, "answering": "bot", **more}


def answer(*pieces: str, **more: Any) -> list[Event]:
    """A whole answer in pieces."""
    steps = [{"event": "status", "state": "plan", "text": "Reading your message"}]
    return [*steps, *chunks(*pieces), end("".join(pieces), **more)]


def card(
    kind: str = "confirmation", summary: str = "Refund $50.00 of order 1234", digest: str = DIGEST, **more: Any
) -> Event:
    """A card; `more`: texts."""
    return {
        "event": kind, "tool": "issue_refund", "summary": summary, "digest": digest, "money_moved": None,
        "expires_at": "2099-01-01T12:30:00Z", "texts": [], **more,
    }  # fmt: skip


class PlayedTurn:
    """One turn: its script is played once, whoever listens; `cards` are open."""

    def __init__(self, turn_id: str, text: str, script: Script) -> None:
        self.id, self.text = turn_id, text
        self.script = list(script)
        self.told: list[tuple[str, Line]] = []
        self.cards: list[Event] = []
        self.end: Event | None = None
        self.decisions: list[bool] = []
        self._news = asyncio.Condition()
        self._cut: set[int] = set()

    @property
    def over(self) -> bool:
        """Whether it has ended: a promised e-mail ends its stream, and not the turn."""
        return self.end is not None and self.end["outcome"] != "later"

    async def begin_after_all(self, *script: Event) -> None:
        """Play this, to who looks again, in place of the promise of an e-mail."""
        self.told.clear()
        self.end = None
        for number, event in enumerate(script, 1):
            await self.tell(f"2-{number}", event)

    async def play(self) -> None:
        """To the end of the script, waiting at its gates."""
        for number, line in enumerate(self.script, 1):
            if isinstance(line, Gate):
                line.reached.set()
                await line.opened.wait()
                continue
            await self.tell(f"1-{number}", line)

    async def tell(self, event_id: str, line: Line) -> None:
        """Say one thing to all who listen."""
        if isinstance(line, dict):
            self._note(line)
        async with self._news:
            self.told.append((event_id, line))
            self._news.notify_all()

    def _note(self, event: Event) -> None:
        if event["event"] in ("confirmation", "approval"):
            self.cards = [event]
        if event["event"] == "end":
            self.cards, self.end = [], event

    async def listen(self, last: str) -> AsyncIterator[tuple[str, Event] | None]:
        """The events behind `last`; None where the line is to break."""
        at = next((index for index, (name, _) in enumerate(self.told, 1) if name == last), 0)
        while True:
            async with self._news:
                while len(self.told) <= at:
                    await self._news.wait()
            event_id, line = self.told[at]
            at += 1
            if isinstance(line, Cut):
                if at not in self._cut:
                    self._cut.add(at)
                    yield None
                    return
                continue
            assert isinstance(line, dict)
            yield event_id, line
            if line["event"] in ("end", "error"):
                return
