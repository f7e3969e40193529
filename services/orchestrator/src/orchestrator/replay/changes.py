"""What a fork changes: who must approve a registered write, how sure an answer must be, what a turn may spend."""

from collections.abc import Mapping

from contracts.tools.tickets import HandoffReason
from contracts.turn import Outcome
from orchestrator.confidence.judging import score_of
from orchestrator.confidence.policy import EscalationPolicy
from orchestrator.limits.deciding import level_of
from orchestrator.limits.policy import CapName, LimitsPolicy
from orchestrator.limits.usage import Spent
from orchestrator.replay.forking import Change
from orchestrator.turn.confidence import Confidence
from orchestrator.turn.effects import AskingEffect, CallTool, CheckGuardrails
from orchestrator.turn.inputs import Guarded, ToolSucceeded, TurnInput, TurnStarted
from orchestrator.turn.state import TurnState

_LOW = "low_confidence"
_NEEDED = "approvals_needed"


def with_approvals(needed: Mapping[str, int]) -> Change:
    """Registered writes, by the id that their service gave them, need so many approvals; all others as they did."""

    def change(one: TurnInput, _: TurnState, asked: AskingEffect | None) -> TurnInput:
        if not isinstance(one, ToolSucceeded) or not isinstance(asked, CallTool) or asked.call.approved_by is None:
            return one
        approvals = needed.get(str(one.output.get(asked.call.ref or "")))
        if approvals is None or approvals == one.output.get(_NEEDED, 0):
            return one
        return one.model_copy(update={"output": {**one.output, _NEEDED: approvals}})

    return change


def with_limits(policy: LimitsPolicy, spent: Mapping[CapName, Spent]) -> Change:
    """The turn begins at the level that these limits leave, with what was `spent` by then.

    The smaller model is asked the same as the stronger one: the recorded answers are taken for both.
    """
    verdict, tokens = level_of(policy, spent), policy.cap("session").tokens

    def change(one: TurnInput, _: TurnState, __: AskingEffect | None) -> TurnInput:
        if not isinstance(one, TurnStarted):
            return one
        left = one.budgets.session_tokens_left
        if tokens is not None:
            left = max(0, tokens - spent.get("session", Spent()).tokens)
        budgets = one.budgets.model_copy(
            update={
                "cost_micros": policy.turn_cost_micros, "session_tokens_left": left, "level": verdict.level,
                "level_reason": verdict.reason,
            }
        )  # fmt: skip
        return one.model_copy(update={"budgets": budgets})

    return change


def with_thresholds(policy: EscalationPolicy) -> Change:
    """Answers are judged by the tiers of this policy, over the signals that were recorded.

    What it says of words and of repeated questions needs the conversation before, and stays as it was.
    """

    def change(one: TurnInput, state: TurnState, asked: AskingEffect | None) -> TurnInput:
        if not isinstance(one, Guarded) or one.confidence is None or not isinstance(asked, CheckGuardrails):
            return one
        return _judged(one, one.confidence, state, asked, policy)

    return change


def _judged(
    one: Guarded, was: Confidence, state: TurnState, asked: CheckGuardrails, policy: EscalationPolicy
) -> Guarded:
    rule = policy.tiers[was.tier]
    signals = tuple(signal.model_copy(update={"weight": rule.weights[signal.name]}) for signal in was.signals)
    score = score_of({signal.name: signal.value for signal in signals}, rule.weights)
    done = any(observed.call.write and observed.output is not None for observed in state.observed)
    escalate = score < rule.threshold and not done
    update = {"score": score, "signals": signals, "escalate": escalate, "policy": policy.version}
    now = was.model_copy(update=update)
    told = one.model_copy(update={"confidence": now})
    was_low = any(reason.startswith(f"{_LOW}:") for reason in one.reasons)
    if was_low and not now.escalate:
        kept = tuple(reason for reason in one.reasons if not reason.startswith(f"{_LOW}:"))
        passed = {"verdict": "pass", "text": asked.text, "citations": asked.citations, "handoff": None, "refusal": None}
        return told.model_copy(update={**passed, "reasons": kept})
    if not now.escalate or (was_low and one.verdict == rule.below):
        return told
    if not was_low and (one.verdict in ("refuse", "hand_over") or state.said or state.outcome is not Outcome.ANSWERED):
        return told
    return _below(told, rule.below, was.tier.value)


def _below(told: Guarded, below: str, tier: str) -> Guarded:
    """An answer that is not sure enough. The words of a refusal were not recorded: it has none."""
    reasons = tuple(dict.fromkeys((*told.reasons, f"{_LOW}:{tier}")))
    if below == "hand_over":
        return told.model_copy(
            update={"verdict": "hand_over", "handoff": HandoffReason.LOW_CONFIDENCE, "reasons": reasons}
        )
    if below == "ask":
        return told.model_copy(update={"verdict": "ask", "reasons": reasons})
    update = {"verdict": "refuse", "text": "", "support": (), "refusal": "unsupported", "reasons": reasons}
    return told.model_copy(update={**update, "citations": told.citations[:1]})
