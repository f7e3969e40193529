"""`aiguy replay`: recorded turns, run again in this process, and whether they decide as they did.

Rows are read first; what replays them opens no file and no socket.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import datetime
from time import perf_counter

import asyncpg
from rich.console import Console
from rich.markup import escape

from onebox.fork_brains import read_settings, refund_policy, thinking
from onebox.fork_options import Forks
from onebox.replay_fork import Books, show_forks
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec
from orchestrator.replay.identical import Verdict, replay
from orchestrator.replay.reading import Recordings
from orchestrator.replay.recording import Recording, Unreadable
from orchestrator.replay.refusing import ForkCode, ForkRefused
from orchestrator.replay.spending import Spending
from orchestrator.replay.verdicts import WHY_NOT, sentence
from orchestrator.replay.words import StepWords, step_words
from servicekit.crypto import Keyring
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.db.pool import Connection

IDENTICAL, DIFFERENT, UNTRIED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Asked:
    """Which turns: one, those of a conversation, or those that began from `since` until before `until`."""

    turn: str | None = None
    conversation: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reveal: bool = False
    as_json: bool = False

    @property
    def what(self) -> str:
        """As a person would say it."""
        return f"turn {self.turn}" if self.turn else f"conversation {self.conversation}"


@dataclass(slots=True)
class Count:
    """What became of the turns so far. `spent_s` is the time of replaying alone, without reading."""

    identical: int = 0
    different: int = 0
    unmarked: int = 0
    spent_s: float = 0.0


async def show_fork(
    url: str, billing_url: str | None, keyring: Keyring, asked: Asked, forks: Forks, console: Console
) -> int:
    """Runs the turns with these forks and prints what changes. 0; 2 when what was asked for could not be read, or
    there is no database. Raises ForkRefused.
    """
    aside, refunds = _aside(), forks.policies.refunds
    if refunds is not None and billing_url is None:
        text = "A refund policy is forked with billing's rows, and billing's database was not named."
        raise ForkRefused(ForkCode.BOOKS_MISSING, text)
    conversations = Conversations(keyring, keyring.derive("subject-hash"))
    try:
        async with AsyncExitStack() as open_ones:
            anew = in_force = None
            if forks.thinks:
                settings = read_settings()
                in_force = refunds or refund_policy(settings)
                anew = await open_ones.enter_async_context(thinking(forks, settings))
            db = await _connected(url, open_ones)
            billing = await _connected(billing_url, open_ones) if refunds and billing_url else None
            books = Books(db, conversations, Spending(db), billing, anew, in_force)
            chosen = _chosen(Recordings(conversations, Codec()), db, asked)
            return await show_forks(
                chosen, forks, books, console, aside, whole=asked.since is None, as_json=asked.as_json
            )
    except CONNECT_ERRORS as error:
        aside.print(escape(f"A database cannot be asked ({type(error).__name__})."))
        return UNTRIED


async def _connected(url: str, open_ones: AsyncExitStack) -> Connection:
    db = await asyncpg.connect(url, timeout=5)
    open_ones.push_async_callback(db.close)
    return db


async def show_replay(url: str, keyring: Keyring, asked: Asked, console: Console) -> int:
    """Replays and prints. 0: all are identical; 1: one differs; 2: unknown, unreadable, or no database."""
    aside = _aside()
    recordings = Recordings(Conversations(keyring, keyring.derive("subject-hash")), Codec(), asked.reveal)
    try:
        db = await asyncpg.connect(url, timeout=5)
        try:
            return await _show_all(_chosen(recordings, db, asked), asked, console, aside)
        finally:
            await db.close()
    except CONNECT_ERRORS as error:
        aside.print(escape(f"The orchestrator's database cannot be asked ({type(error).__name__})."))
        return UNTRIED


def _aside() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


async def _chosen(recordings: Recordings, db: Connection, asked: Asked) -> AsyncIterator[Recording]:
    if asked.turn is not None:
        one = await recordings.turn(db, asked.turn)
        if one is not None:
            yield one
    elif asked.conversation is not None:
        for one in await recordings.of_conversation(db, asked.conversation):
            yield one
    elif asked.since is not None and asked.until is not None:
        async for one in recordings.between(db, asked.since, asked.until):
            yield one


async def _show_all(chosen: AsyncIterator[Recording], asked: Asked, console: Console, aside: Console) -> int:
    count, unread, whole = Count(), Counter[Unreadable](), asked.since is None
    async for one in chosen:
        if one.unreadable is not None:
            unread[one.unreadable] += 1
            if whole:
                aside.print(escape(f"{one.turn_id}: {WHY_NOT[one.unreadable]}"))
            continue
        began = perf_counter()
        verdict = replay(one)
        count.spent_s += perf_counter() - began
        count.identical += verdict.identical
        count.different += not verdict.identical
        count.unmarked += verdict.unmarked
        if asked.as_json:
            console.out(json.dumps(_told(one, verdict, steps=whole), ensure_ascii=False), highlight=False)
        elif whole:
            _show_steps(one, verdict, console)
        if not asked.as_json and (whole or not verdict.identical):
            console.print(escape(f"{one.turn_id}: {sentence(one, verdict)}"))
    if whole and not count.identical + count.different + unread.total():
        aside.print(escape(f"There is no {asked.what}."))
        return UNTRIED
    if not asked.as_json and not asked.turn:
        console.print(escape(f"VERDICT: {_total(count, unread)}"))
    return _code(count, unread, whole=whole)


def _code(count: Count, unread: Counter[Unreadable], *, whole: bool) -> int:
    if count.different:
        return DIFFERENT
    # Over a month some are under way and some were erased, as they should be.
    odd = unread.total() if whole else unread[Unreadable.KEY_MISSING] + unread[Unreadable.UNOPENED]
    return UNTRIED if odd else IDENTICAL


def _total(count: Count, unread: Counter[Unreadable]) -> str:
    turns = count.identical + count.different
    rate = f", {turns / count.spent_s:,.0f} turns a second" if turns and count.spent_s else ""
    found = (
        f"{count.different} of {turns} turns are DIFFERENT" if count.different else f"all {turns} turns are identical"
    )
    rest = "".join(f"; {number} {why.value.replace('_', ' ')}" for why, number in sorted(unread.items()))
    older = f"; {count.unmarked} answers are from before marks were kept" if count.unmarked else ""
    return f"{found} ({count.spent_s:.2f} s of replaying{rate}){rest}{older}"


def _show_steps(recording: Recording, verdict: Verdict, console: Console) -> None:
    for one in _words(recording, verdict):
        cost = f", {one.cost_micros / 1_000_000:.6f} USD" if one.cost_micros else ""
        came, *decided = (_revealed(text, recording) for text in (one.came, *one.decided))
        console.print(escape(f"{one.number:>3}. {one.at_ms / 1000:.3f} s{cost}: {came}"))
        told = "; ".join(decided) or "nothing new"
        console.print(escape(f"     {one.state}: {told}"))


def _told(recording: Recording, verdict: Verdict, *, steps: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "turn_id": recording.turn_id, "conversation_id": recording.conversation_id, "identical": verdict.identical,
        "status": recording.status, "outcome": recording.row.outcome, "unmarked": verdict.unmarked,
        "difference": None if verdict.difference is None else asdict(verdict.difference),
    }  # fmt: skip
    if steps:
        told["steps"] = [_revealed_step(one, recording) for one in _words(recording, verdict)]
    return told


def _revealed_step(step: StepWords, recording: Recording) -> dict[str, object]:
    decided = [_revealed(one, recording) for one in step.decided]
    return {**asdict(step), "came": _revealed(step.came, recording), "decided": decided}


def _words(recording: Recording, verdict: Verdict) -> list[StepWords]:
    began_ms = recording.inputs[0].at_ms if recording.inputs else 0
    return [step_words(one, began_ms) for one in verdict.steps]


def _revealed(text: str, recording: Recording) -> str:
    for token, value in recording.held.items():
        text = text.replace(token, value)
    return text
