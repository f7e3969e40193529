"""Whatever the world answers, a turn ends, never exceeds its budget, and never writes without the matching yes."""

from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ErrorClass, ProblemCode
from contracts.turn import Answering, FinalMessage, Usage
from orchestrator.turn.budgets import Budgets, Level
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    AwaitCallback,
    AwaitOutcome,
    CallPlanner,
    CallTool,
    CheckGuardrails,
    Draft,
    Effect,
    Emit,
    Finish,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import (
    ApprovalDecided,
    ConfirmationDecided,
    Drafted,
    EffectPreviewed,
    FollowUp,
    Guarded,
    HandedOff,
    HandOffQueued,
    MessageAdded,
    PlanFailed,
    PlanMade,
    PlannedCall,
    PlanRejected,
    RetryDue,
    StaffTookOver,
    StopAsked,
    ToolAccepted,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
    WaitExpired,
    input_adapter,
)
from orchestrator.turn.machine import Step, fold, reduce
from orchestrator.turn.state import Phase, TurnState

DIGESTS = tuple(character * 64 for character in "abc")
MORE_THAN_ANY_TURN = 60
REQUESTER = "cust_ada"


def mostly(usual: object, *rare: object) -> st.SearchStrategy:  # type: ignore[type-arg]
    return st.sampled_from([usual] * 8 * len(rare) + list(rare))


calls = st.builds(
    PlannedCall,
    tool=st.sampled_from(["get_order", "search_kb", "issue_refund", "create_ticket"] * 2 + ["handoff_human"]),
    arguments=st.just({}),
    args_hash=st.sampled_from(["1", "2", "3", "4", "5"]),
    label=st.just(""),
    write=st.booleans(),
    needs_confirmation=mostly(True, False),
    needs_approval=mostly(False, True),
    approved_by=st.sampled_from([None, FollowUp(tool="approve_refund", label="")]),
    closed_by=st.sampled_from([None, FollowUp(tool="close_refund", label="")]),
    ref=st.just("ref"),
    ticket_when_down=st.booleans(),
)
usages = st.builds(Usage, tokens_in=st.integers(0, 900), tokens_out=st.integers(0, 300))
messages = st.builds(FinalMessage, text=st.just("Hello."), asks_human=st.booleans())
digests = st.sampled_from(DIGESTS)
previews = st.builds(
    EffectPreviewed, summary=st.just("s"), digest=digests, expires_at_ms=st.just(1), approvals=st.integers(0, 3)
)
decisions = st.one_of(
    st.builds(ConfirmationDecided, digest=digests, confirmed=st.booleans()),
    st.builds(
        ApprovalDecided,
        digest=digests,
        approved=mostly(True, False),
        approver=st.sampled_from(["kim", "lee", REQUESTER]),
    ),
    st.builds(WaitExpired, digest=digests),
    st.just(RetryDue()),
)
plans = st.one_of(
    st.builds(PlanMade, call=calls, usage=usages),
    st.builds(PlanMade, message=messages, usage=usages),
    st.builds(PlanRejected, reason=st.just("unknown_tool"), usage=usages),
    st.builds(PlanFailed, reason=st.just("timeout"), usage=usages),
)
codes = st.sampled_from(["x", ProblemCode.DEADLINE_EXCEEDED.value, ProblemCode.CIRCUIT_OPEN.value])
failures = st.builds(ToolFailed, error_class=st.sampled_from(ErrorClass), code=codes, ms=st.just(1.0))
search_outputs = st.sampled_from([
    {}, {"strength": 0.1}, {"strength": 0.9}, {"strength": 0.9, "answerable": False},
    {"ref": "rfd_1", "approvals_needed": 1}, {"ref": "rfd_1", "approvals_needed": 2},
])  # fmt: skip
succeeded = st.builds(ToolSucceeded, output=search_outputs, ms=st.just(1.0))
late_answers = st.one_of(succeeded, failures)
results = st.one_of(succeeded, failures, st.builds(ToolAccepted, expires_at_ms=st.just(1), ms=st.just(1.0)))
verdicts = st.builds(
    Guarded, verdict=st.sampled_from(["pass", "repair", "refuse", "hand_over"]), text=st.just("Hello.")
)
answers = {
    CallPlanner: st.one_of(st.builds(PlanMade, call=calls, usage=usages), plans),
    Draft: st.one_of(
        st.builds(Drafted, text=st.just("Hello."), usage=usages), st.builds(PlanFailed, reason=st.just("timeout"))
    ),
    SayPhrase: st.builds(Drafted, text=st.just("Sorry.")),
    CallTool: results,
    PreviewEffect: st.one_of(previews, previews, failures),
    CheckGuardrails: verdicts,
    HandOff: st.one_of(
        st.builds(HandedOff, ticket_number=st.just("HP-1"), text=st.just("t")),
        st.builds(HandOffQueued, text=st.just("t")),
    ),
}
anything: st.SearchStrategy[TurnInput] = st.one_of(
    plans, results, previews, decisions, verdicts, st.just(StaffTookOver()), st.just(StopAsked()),
    st.builds(MessageAdded, text=st.just("more"), wants_human=st.booleans()), st.just(RetryDue()),
    st.builds(TurnStarted, text=st.just("again"), customer=st.booleans(), channel=st.just("web")),
)  # fmt: skip
starts = st.builds(
    TurnStarted,
    text=st.just("Where is my order?"),
    customer=st.booleans(),
    requester=st.just(REQUESTER),
    channel=st.just("web"),
    answering=mostly(Answering.BOT, Answering.STAFF),
    wants_human=mostly(False, True),
    budgets=st.builds(
        Budgets,
        tools=mostly(2, 0, 1, 3),
        session_tokens_left=mostly(60_000, 0),
        level=mostly(Level.STRONG, Level.SMALL, Level.KNOWLEDGE, Level.EMAIL),
        cost_micros=mostly(0, 1),
    ),
)


@dataclass
class World:
    """Drives a turn and writes down what it was asked to do."""

    journal: list[tuple[TurnInput, int]] = field(default_factory=list)
    step: Step = field(default_factory=lambda: Step(TurnState()))
    pending: tuple[Effect, ...] = ()
    effects: list[Effect] = field(default_factory=list)
    now_ms: int = 0

    def give(self, turn_input: TurnInput, pause_ms: int) -> None:
        self.now_ms += pause_ms
        self.journal.append((turn_input, self.now_ms))
        self.step = reduce(self.step.state, turn_input, self.now_ms)
        if self.step.effects:
            self.pending = self.step.effects
            self.effects.extend(self.step.effects)

    def asked(self) -> Effect | None:
        return next((effect for effect in self.pending if type(effect) in answers), None)


@st.composite
def turns(draw: st.DrawFn) -> World:
    """A whole turn: fitting answers, with misfits thrown in between."""
    world = World()
    world.give(draw(starts), 0)
    for _ in range(MORE_THAN_ANY_TURN):
        if world.step.state.ended:
            break
        if draw(st.integers(0, 9)) == 0:
            world.give(draw(anything), draw(st.integers(0, 5_000)))
            continue
        asked = world.asked()
        late = late_answers if world.step.state.phase is Phase.WAIT_CALLBACK else decisions
        strategy = late if asked is None else answers[type(asked)]
        world.give(draw(strategy), draw(st.integers(0, 5_000)))
    return world


@settings(max_examples=600, deadline=None)
@given(turns(), st.data())
def test_a_turn_always_ends_once_it_is_answered(world: World, data: st.DataObject) -> None:
    for _ in range(MORE_THAN_ANY_TURN):
        state = world.step.state
        if state.ended:
            break
        asked = world.asked()
        if state.phase is Phase.WAIT_CONFIRMATION or state.phase is Phase.WAIT_APPROVAL:
            assert state.preview is not None
            world.give(WaitExpired(digest=state.preview.digest), 1)
        elif state.phase is Phase.WAIT_CALLBACK:
            world.give(data.draw(late_answers), 1)
        elif state.phase is Phase.WAIT_OUTCOME:
            world.give(RetryDue(), 1)
        else:
            assert asked is not None, f"the turn neither waits nor asks in {state.phase}"
            world.give(data.draw(answers[type(asked)]), 1)
    assert world.step.state.ended
    assert sum(isinstance(effect, Finish) for effect in world.effects) == 1


@settings(max_examples=600, deadline=None)
@given(turns())
def test_no_confirmed_write_runs_without_the_matching_yes(world: World) -> None:
    said_yes: set[str] = set()
    approved: dict[str, set[str]] = {}
    replayed = Step(TurnState())
    for turn_input, at_ms in world.journal:
        if isinstance(turn_input, ConfirmationDecided) and turn_input.confirmed:
            said_yes.add(turn_input.digest)
        if isinstance(turn_input, ApprovalDecided) and turn_input.approved:
            approved.setdefault(turn_input.digest, set()).add(turn_input.approver)
        replayed = reduce(replayed.state, turn_input, at_ms)
        for effect in replayed.effects:
            if not isinstance(effect, CallTool):
                continue
            preview, registered = replayed.state.preview, replayed.state.registered
            if effect.call.needs_confirmation or effect.call.tool == "approve_refund":
                assert preview is not None
                assert effect.digest == preview.digest
            if effect.call.needs_confirmation:
                assert effect.digest in said_yes
                assert not effect.call.needs_approval or effect.digest in approved
            if effect.call.tool == "approve_refund":
                assert registered is not None
                assert preview is not None
                assert len(set(effect.approvers)) >= max(1, registered.needed, preview.approvals)
                assert set(effect.approvers) <= approved[effect.digest or ""]
            assert REQUESTER not in effect.approvers


@settings(max_examples=600, deadline=None)
@given(turns())
def test_budgets_hold(world: World) -> None:
    budgets = world.step.state.budgets
    executed = [effect for effect in world.effects if isinstance(effect, CallTool | PreviewEffect)]
    # What staff decide about was asked for before; a write that is asked for again is the same one.
    proposed = {
        (effect.call.tool, effect.call.args_hash)
        for effect in executed
        if isinstance(effect, CallTool) and effect.call.tool not in ("approve_refund", "close_refund")
    }
    assert len(proposed) <= budgets.tools
    spent = Usage()
    replayed = Step(TurnState())
    for turn_input, at_ms in world.journal:
        before = spent
        replayed = reduce(replayed.state, turn_input, at_ms)
        spent = replayed.state.usage
        over = before.tokens_in + before.tokens_out >= budgets.tokens
        if over:
            fresh = (effect for effect in replayed.effects if isinstance(effect, CallTool) and not effect.digest)
            assert all(effect.call.tool == "close_refund" or replayed.state.unsure for effect in fresh)


@settings(max_examples=600, deadline=None)
@given(turns())
def test_folding_the_stored_journal_gives_the_same_state_and_the_same_pending_effects(world: World) -> None:
    adapter = input_adapter()
    stored = [(adapter.validate_json(adapter.dump_json(one)), at_ms) for one, at_ms in world.journal]
    folded = fold(stored)
    assert folded.state == world.step.state
    assert folded.effects == world.pending


@settings(max_examples=600, deadline=None)
@given(turns())
def test_a_stop_is_the_last_thing_of_a_turn_or_comes_too_late(world: World) -> None:
    """From the first call of a write on it changes nothing; before, only words of ours follow."""
    called, stopped, replayed = False, False, Step(TurnState())
    for turn_input, at_ms in world.journal:
        stop = reduce(replayed.state, StopAsked(), at_ms)
        if called or replayed.state.phase is Phase.WAIT_APPROVAL:
            assert stop == Step(replace(replayed.state, inputs=replayed.state.inputs + 1))
        replayed = reduce(replayed.state, turn_input, at_ms)
        stopped = stopped or (isinstance(turn_input, StopAsked) and replayed.effects != ())
        called = called or any(isinstance(one, CallTool) and one.call.write for one in replayed.effects)
        if stopped:
            assert all(
                isinstance(one, SayPhrase | CheckGuardrails | HandOff | Emit | Finish) for one in replayed.effects
            )


@settings(max_examples=300, deadline=None)
@given(turns(), anything)
def test_nothing_happens_after_the_end(world: World, late: TurnInput) -> None:
    if not world.step.state.ended:
        return
    step = reduce(world.step.state, late, world.now_ms)
    assert step.effects == ()
    assert step.state.outcome == world.step.state.outcome


@settings(max_examples=300, deadline=None)
@given(turns())
def test_a_step_asks_for_at_most_one_answer(world: World) -> None:
    replayed = Step(TurnState())
    for turn_input, at_ms in world.journal:
        replayed = reduce(replayed.state, turn_input, at_ms)
        telling = (Emit, Finish, AskConfirmation, AskApproval, AwaitCallback, AwaitOutcome)
        assert sum(not isinstance(effect, telling) for effect in replayed.effects) <= 1
