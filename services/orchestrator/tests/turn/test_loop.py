"""The loop over a journal: killed at any point it goes on, journals before it acts, and yields to another worker."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from contracts.errors import ErrorClass
from contracts.turn import Answering, FinalMessage, Outcome, ToolEvent
from orchestrator.turn.effects import (
    AskConfirmation,
    AskingEffect,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Emit,
    Finish,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import (
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    Guarded,
    HandedOff,
    HandOffQueued,
    PlanMade,
    PlannedCall,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
)
from orchestrator.turn.journal import Closing, JournalConflict, Recorded
from orchestrator.turn.loop import run_turn
from orchestrator.turn.state import TurnState

DIGEST = "d" * 64
WRITE = PlannedCall(tool="create_ticket", arguments={}, args_hash="1", label="", write=True, needs_confirmation=True)


class Killed(BaseException):
    """The process dies here."""


@dataclass
class Trace:
    """What happened, in order, and the point at which the process dies."""

    dies_at: int | None = None
    events: list[str] = field(default_factory=list)

    def note(self, event: str) -> None:
        if self.dies_at is not None and len(self.events) == self.dies_at:
            self.dies_at = None
            raise Killed
        self.events.append(event)


@dataclass
class MemoryJournal:
    """A journal that survives the loop; `note` may kill before or after a write."""

    trace: Trace
    rows: list[Recorded] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)

    async def load(self) -> Sequence[Recorded]:
        return list(self.rows)

    async def append(self, after: int, inputs: Sequence[Recorded], state: TurnState, closing: Closing | None) -> None:
        self.trace.note(f"before append {after}")
        if after != len(self.rows) or (self.closings and isinstance(self.closings[-1], Finish)):
            raise JournalConflict
        self.rows.extend(inputs)
        if closing:
            self.closings.append(closing)
        self.trace.note(f"appended {','.join(one.turn_input.kind for one in inputs)}")


@dataclass
class World:
    """Executes writes once per key, as the services do; counts what really happened."""

    trace: Trace
    journal: MemoryJournal
    preview_fails: bool = False
    writes: set[str] = field(default_factory=set)
    calls: int = 0
    shown: list[Emit | Closing] = field(default_factory=list)
    shown_early: list[Emit | Closing] = field(default_factory=list)

    def is_local(self, effect: AskingEffect) -> bool:
        return isinstance(effect, CheckGuardrails | SayPhrase)

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        self.trace.note(f"ask {type(effect).__name__}")
        match effect:
            case CallPlanner() if not state.observed:
                return PlanMade(call=WRITE)
            case CallPlanner():
                return PlanMade(message=FinalMessage(text="Done."))
            case PreviewEffect() if self.preview_fails:
                return ToolFailed(error_class=ErrorClass.TRANSIENT, code="dependency_down", ms=1)
            case PreviewEffect():
                return EffectPreviewed(summary="s", digest=DIGEST, expires_at_ms=1)
            case CallTool():
                self.calls += 1
                self.writes.add(f"{effect.call.tool}:{effect.call.args_hash}:{effect.digest}")
                self.trace.note("executed")
                return ToolSucceeded(output={"number": "HP-1"}, ms=1)
            case CheckGuardrails():
                return Guarded(verdict="pass", text=effect.text)
            case SayPhrase():
                return Drafted(text="phrase")
            case _:
                raise AssertionError(effect)

    async def tell(self, effect: Emit | Closing, state: TurnState) -> None:
        self.trace.note(f"tell {type(effect).__name__}")
        if state.inputs > len(self.journal.rows):
            self.shown_early.append(effect)
        self.shown.append(effect)


def ticking() -> itertools.count:  # type: ignore[type-arg]
    return itertools.count(1)


async def drive(trace: Trace, journal: MemoryJournal, world: World) -> TurnState:
    clock = ticking()
    return await run_turn(journal, world, lambda: next(clock))


async def confirmed_turn(dies_at: int | None) -> tuple[MemoryJournal, World, Trace]:
    """A whole turn with a confirmed write; the process dies once at `dies_at` and is started again."""
    trace = Trace(dies_at)
    journal = MemoryJournal(trace)
    world = World(trace, journal)
    journal.rows.append(Recorded(TurnStarted(text="Open a ticket", customer=True, channel="web"), 0))
    for _ in range(2):
        try:
            state = await drive(trace, journal, world)
            break
        except Killed:
            continue
    if not state.waiting:
        return journal, world, trace
    journal.rows.append(Recorded(ConfirmationDecided(digest=DIGEST, confirmed=True), 50))
    for _ in range(2):
        try:
            await drive(trace, journal, world)
            break
        except Killed:
            continue
        except JournalConflict:
            assert isinstance(journal.closings[-1], Finish), "only a turn that was closed may refuse to go on"
    return journal, world, trace


async def count_points() -> int:
    _, _, trace = await confirmed_turn(None)
    return len(trace.events)


async def test_a_confirmed_write_runs_once_from_end_to_end() -> None:
    journal, world, _ = await confirmed_turn(None)
    assert [one.turn_input.kind for one in journal.rows] == [
        "turn_started", "plan_made", "effect_previewed", "confirmation_decided", "tool_succeeded", "plan_made",
        "guarded",
    ]  # fmt: skip
    assert world.calls == 1
    assert isinstance(journal.closings[0], AskConfirmation)
    assert isinstance(journal.closings[-1], Finish)
    assert journal.closings[-1].outcome is Outcome.ANSWERED


async def test_killed_at_every_single_point_the_turn_ends_the_same_with_one_effect() -> None:
    unharmed, _, _ = await confirmed_turn(None)
    points = await count_points()
    assert points >= 20
    for dies_at in range(points):
        journal, world, _ = await confirmed_turn(dies_at)
        kinds = [one.turn_input.kind for one in journal.rows]
        assert kinds == [one.turn_input.kind for one in unharmed.rows], f"killed at {dies_at}"
        assert len(world.writes) == 1, f"killed at {dies_at}"
        assert sum(isinstance(one, Finish) for one in journal.closings) == 1, f"killed at {dies_at}"


async def test_every_input_is_durable_before_an_effect_that_follows_from_it_touches_the_world() -> None:
    _, _, trace = await confirmed_turn(None)
    executed = trace.events.index("executed")
    assert "appended plan_made" in trace.events[:executed]
    asked_again = trace.events.index("ask CallPlanner", executed)
    assert "appended tool_succeeded" in trace.events[executed:asked_again]
    finished = max(number for number, event in enumerate(trace.events) if event == "tell Finish")
    assert "appended plan_made,guarded" in trace.events[:finished]


async def test_nothing_is_shown_before_its_cause_is_durable() -> None:
    """Or the same place in the stream could mean another thing after a crash, and be taken for told."""
    trace = Trace()
    journal = MemoryJournal(trace)
    world = World(trace, journal, preview_fails=True)
    journal.rows.append(Recorded(TurnStarted(text="Open a ticket", customer=True, channel="web"), 0))
    await drive(trace, journal, world)
    assert [one.turn_input.kind for one in journal.rows][2:] == ["tool_failed", "drafted", "guarded"]
    assert any(isinstance(one, Emit) and isinstance(one.event, ToolEvent) for one in world.shown)
    assert world.shown_early == []


async def test_a_worker_whose_turn_went_on_elsewhere_stops() -> None:
    trace = Trace()
    journal = MemoryJournal(trace)
    world = World(trace, journal)
    journal.rows.append(Recorded(TurnStarted(text="x", customer=True, channel="web"), 0))
    stale = MemoryJournal(trace, rows=list(journal.rows))

    async def stale_load() -> Sequence[Recorded]:
        rows = list(stale.rows)
        stale.rows.append(Recorded(PlanMade(call=WRITE), 1))
        return rows

    stale.load = stale_load  # type: ignore[method-assign]
    with pytest.raises(JournalConflict):
        await drive(trace, stale, world)
    assert world.calls == 0


async def test_a_turn_that_ends_by_its_first_message_is_closed_too() -> None:
    trace = Trace()
    journal = MemoryJournal(trace)
    world = World(trace, journal)
    silent = TurnStarted(text="x", customer=True, channel="web", answering=Answering.STAFF)
    journal.rows.append(Recorded(silent, 0))
    state = await drive(trace, journal, world)
    assert state.ended
    assert [type(one) for one in journal.closings] == [Finish]
    assert len(journal.rows) == 1


@dataclass
class Desk:
    """Hand-overs: a ticket service that may be down, and the job that is stored with the promise."""

    trace: Trace
    journal: MemoryJournal
    down: bool = False
    tickets: set[str] = field(default_factory=set)
    told_without: int = 0

    def is_local(self, effect: AskingEffect) -> bool:
        return False

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        assert isinstance(effect, HandOff)
        self.trace.note("ask HandOff")
        if self.down:
            return HandOffQueued(text="They will answer you here.")
        self.tickets.add(f"turn:{effect.reason}")
        self.trace.note("ticket made")
        return HandedOff(ticket_number="HP-1", text="Your ticket is HP-1.")

    async def tell(self, effect: Emit | Closing, state: TurnState) -> None:
        self.trace.note(f"tell {type(effect).__name__}")
        if isinstance(effect, Finish):
            kept = bool(self.tickets) or any(isinstance(one.turn_input, HandOffQueued) for one in self.journal.rows)
            self.told_without += not kept


async def handed_over(dies_at: int | None, *, down: bool) -> Desk:
    trace = Trace(dies_at)
    desk = Desk(trace, MemoryJournal(trace), down)
    wish = TurnStarted(text="A person, please", customer=True, channel="web", wants_human=True)
    desk.journal.rows.append(Recorded(wish, 0))
    for _ in range(2):
        clock = ticking()
        try:
            await run_turn(desk.journal, desk, lambda clock=clock: next(clock))  # type: ignore[misc]
            break
        except Killed:
            continue
        except JournalConflict:
            assert isinstance(desk.journal.closings[-1], Finish), "only a turn that was closed may refuse to go on"
    return desk


@pytest.mark.parametrize("down", [False, True], ids=["tickets work", "tickets are down"])
async def test_killed_at_every_point_a_promised_person_is_one_ticket_or_one_job(down: bool) -> None:
    points = len((await handed_over(None, down=down)).trace.events)
    assert points >= 5
    for dies_at in range(points):
        desk = await handed_over(dies_at, down=down)
        assert desk.told_without == 0, f"killed at {dies_at}"
        assert len(desk.tickets) == (0 if down else 1), f"killed at {dies_at}"
        kept = [one for one in desk.journal.rows if isinstance(one.turn_input, HandOffQueued)]
        assert len(kept) == (1 if down else 0), f"killed at {dies_at}"
        assert sum(isinstance(one, Finish) for one in desk.journal.closings) == 1, f"killed at {dies_at}"
