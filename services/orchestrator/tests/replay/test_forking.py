"""A fork answers what another policy would have done with the same turn, and does not guess what nobody recorded."""

import itertools
import socket
from typing import Any

import pytest

from contracts.money import Money
from contracts.tool import RiskTier
from contracts.turn import FinalMessage
from orchestrator.confidence.policy import EscalationPolicy, load_escalation_policy
from orchestrator.limits.policy import Cap, LimitsPolicy, load_limits
from orchestrator.limits.usage import Spent
from orchestrator.replay.changes import with_approvals, with_limits, with_thresholds
from orchestrator.replay.comparing import Forked, Side, Tally, amounts, forked
from orchestrator.replay.identical import replay
from orchestrator.replay.recording import Recording
from orchestrator.turn.confidence import Confidence, Signal
from orchestrator.turn.effects import (
    AskApproval,
    AskConfirmation,
    AskingEffect,
    CallPlanner,
    CallTool,
    CheckGuardrails,
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
    PlanMade,
    PlannedCall,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
)
from orchestrator.turn.journal import Recorded
from orchestrator.turn.loop import run_turn
from orchestrator.turn.state import TurnState

from .conftest import Journal

FIFTY = Money(amount_minor=5_000, currency="USD")
REFUND = PlannedCall(
    tool="issue_refund", arguments={"order_id": "A1", "amount_minor": 5_000, "currency": "USD"}, args_hash="1",
    label="Refund", write=True, needs_confirmation=True, ref="refund_request_id",
    approved_by=FollowUp(tool="approve_refund", label=""), closed_by=FollowUp(tool="close_refund", label=""),
)  # fmt: skip


def sure(score: float, *, escalate: bool = False) -> Confidence:
    """A judgement in the tier of the help pages, with one signal that says it all."""
    strength = Signal(name="retrieval_strength", value=round(1 - (1 - score) / 0.6, 4), weight=0.6)
    return Confidence(score=score, tier=RiskTier.LOW, signals=(strength,), escalate=escalate, policy="then")


class Shop:
    """Refunds 50 dollars, with so many approvals; or answers from the help pages, sure to `score`."""

    def __init__(self, approvals: int = 0, guarded: Guarded | None = None) -> None:
        self.approvals, self.guarded = approvals, guarded

    def is_local(self, effect: AskingEffect) -> bool:
        return isinstance(effect, CheckGuardrails | SayPhrase)

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        match effect:
            case CallPlanner() if not state.observed and self.guarded is None:
                return PlanMade(call=REFUND)
            case CallPlanner():
                return PlanMade(message=FinalMessage(text="Done."))
            case PreviewEffect():
                digest = ("a" if effect.call.tool == "approve_refund" else "c") * 64
                return EffectPreviewed(summary="Refund 50.00 USD", digest=digest, money_moved=FIFTY, expires_at_ms=1)
            case CallTool() if effect.call.tool == "issue_refund":
                return ToolSucceeded(output={"refund_request_id": "rfd_1", "approvals_needed": self.approvals}, ms=1)
            case CallTool():
                return ToolSucceeded(output={"refund_request_id": "rfd_1", "approvals_needed": 0}, ms=1)
            case CheckGuardrails() if self.guarded is not None and not state.said:
                return self.guarded
            case CheckGuardrails():
                return Guarded(verdict="pass", text=effect.text)
            case SayPhrase():
                return Drafted(text=effect.key, model="phrases")
            case _:
                raise AssertionError(effect)

    async def tell(self, *_: Any) -> None:
        """Nobody listens."""


async def recorded(shop: Shop) -> Recording:
    """The turn as the loop records it; whoever is asked agrees."""
    journal, clock = Journal(), itertools.count(2)
    journal.add(Recorded(TurnStarted(text="Give it back", customer=True, requester="ada", channel="web"), 1))
    for colleague in ("kim", "lee", "max", "zoe"):
        state = await run_turn(journal, shop, lambda: next(clock))
        if not state.waiting:
            break
        closing = journal.closings[-1][0]
        if isinstance(closing, AskConfirmation):
            journal.add(Recorded(ConfirmationDecided(digest=closing.preview.digest, confirmed=True), next(clock)))
        elif isinstance(closing, AskApproval):
            told = ApprovalDecided(digest=closing.preview.digest, approved=True, approver=colleague)
            journal.add(Recorded(told, next(clock)))
    recording = journal.recording()
    assert replay(recording).difference is None
    return recording


async def of_refund(approvals: int, needed: int) -> Forked:
    return forked(await recorded(Shop(approvals)), [with_approvals({"rfd_1": needed})])


@pytest.mark.parametrize("approvals", [0, 1])
async def test_a_fork_that_changes_nothing_is_the_same_to_the_last_step(approvals: int) -> None:
    for changes in ([], [with_approvals({"rfd_1": approvals})], [with_approvals({"another": 2})]):
        found = forked(await recorded(Shop(approvals)), changes)
        assert not found.changed
        assert found.steps_was == found.steps_now
        assert (found.was.ended, found.unknown) == ("answered", "")


async def test_a_refund_that_would_have_needed_staff_waits_for_them() -> None:
    found = await of_refund(0, 1)
    assert (found.was, found.now) == (Side("answered", 0, False), Side("wait_approval", 1, False))
    assert found.money == FIFTY
    assert found.unknown.startswith("ask what approve_refund")
    assert found.steps_was[found.same] != found.steps_now[found.same]
    assert "the tool answered" in found.steps_now[found.same]


async def test_a_refund_that_would_have_needed_nobody_is_not_approved_and_its_answer_is_not_guessed() -> None:
    found = await of_refund(1, 0)
    assert (found.was, found.now) == (Side("answered", 1, False), Side("unknown", 0, False))
    assert found.unknown == "ask the Brain, with no tools"


async def test_one_more_colleague_is_waited_for() -> None:
    found = await of_refund(1, 2)
    assert (found.now, found.unknown) == (Side("wait_approval", 2, False), "")


async def test_fewer_colleagues_are_enough_and_the_rest_is_as_it_was() -> None:
    shop = Shop(2)
    found = forked(await recorded(shop), [with_approvals({"rfd_1": 1})])
    assert (found.was, found.now) == (Side("answered", 2, False), Side("answered", 1, False))


def low(threshold: float, below: str = "refuse") -> EscalationPolicy:
    policy = load_escalation_policy()
    rule = policy.tiers[RiskTier.LOW].model_copy(update={"threshold": threshold, "below": below})
    return policy.model_copy(update={"tiers": {**policy.tiers, RiskTier.LOW: rule}})


@pytest.mark.parametrize(
    ("below", "ended", "handed"), [("refuse", "refused", False), ("hand_over", "handed_over", True),
                                   ("ask", "clarify", False)],
)  # fmt: skip
async def test_a_higher_threshold_withholds_an_answer_as_the_policy_says(below: str, ended: str, handed: bool) -> None:
    recording = await recorded(Shop(guarded=Guarded(verdict="pass", text="Done.", confidence=sure(0.5))))
    assert not forked(recording, [with_thresholds(low(0.5, below))]).changed
    found = forked(recording, [with_thresholds(low(0.6, below))])
    assert (found.was.ended, found.now.ended, found.now.handed_over) == ("answered", ended, handed)


async def test_a_lower_threshold_gives_the_answer_that_was_withheld() -> None:
    refused = Guarded(
        verdict="refuse", text="Sorry.", refusal="unsupported", reasons=("low_confidence:low",),
        confidence=sure(0.3, escalate=True),
    )  # fmt: skip
    recording = await recorded(Shop(guarded=refused))
    assert not forked(recording, [with_thresholds(low(0.4))]).changed
    found = forked(recording, [with_thresholds(low(0.2))])
    assert (found.was.ended, found.now.ended) == ("refused", "answered")
    assert found.steps_now[-1].endswith("end as answered: Done.")


async def test_what_the_guards_refused_for_another_reason_stays_refused() -> None:
    refused = Guarded(verdict="refuse", text="Sorry.", refusal="withheld", confidence=sure(0.9))
    assert not forked(await recorded(Shop(guarded=refused)), [with_thresholds(low(0.0))]).changed


def limits(**session: Any) -> LimitsPolicy:
    policy = load_limits()
    return policy.model_copy(update={"caps": {"session": Cap.model_validate(session)}})


@pytest.mark.parametrize(
    ("tokens", "ended", "handed", "unknown"),
    [(10_000, "answered", False, ""), (2_000, "answered", False, ""),
     (1_200, "unknown", False, "ask the offline Brain"),
     (1_000, "handed_over", True, "hand over: budget")],
)  # fmt: skip
async def test_other_limits_let_a_turn_begin_at_the_level_that_they_leave(
    tokens: int, ended: str, handed: bool, unknown: str
) -> None:
    recording = await recorded(Shop())
    found = forked(recording, [with_limits(limits(tokens=tokens), {"session": Spent(tokens=1_000)})])
    assert (found.was.ended, found.now.ended, found.now.handed_over) == ("answered", ended, handed)
    assert found.unknown.startswith(unknown)
    assert bool(found.unknown) is bool(unknown)


async def test_a_fork_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = await recorded(Shop())

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a fork touches nothing")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr("builtins.open", forbidden)
    found = forked(recording, [with_approvals({"rfd_1": 1})])
    monkeypatch.undo()
    assert found.changed


async def test_a_tally_counts_what_changes_and_its_money_by_currency() -> None:
    tally = Tally()
    for approvals, needed in ((0, 1), (0, 2), (1, 0), (1, 1), (1, 2)):
        tally.add(await of_refund(approvals, needed))
    assert (tally.turns, tally.changed) == (5, 4)
    assert (tally.approvals_more, tally.approvals_less) == (3, 1)
    assert tally.outcomes == {("answered", "wait_approval"): 3, ("answered", "unknown"): 1}
    assert amounts(tally.money_newly_approved) == "100.00 USD"
    assert amounts(tally.money_no_longer_approved) == "50.00 USD"
    assert amounts({}) == "nothing"
    assert amounts({"JPY": 5_000_000_000, "USD": 1}) == "5000000000 JPY, 0.01 USD"
