"""The judgement of an answer that the guards let through: is it sure enough for what is at stake?"""

from collections.abc import Mapping
from typing import Any

from contracts.tool import RiskTier
from contracts.tools.tickets import HandoffReason
from contracts.turn import Outcome
from orchestrator.brain.citing import named
from orchestrator.confidence.facts import CallSeen, Facts, SearchSeen
from orchestrator.confidence.judging import judge
from orchestrator.confidence.repeats import times_asked, times_told, turns_called
from orchestrator.effects.scope import TurnScope
from orchestrator.turn.confidence import Confidence
from orchestrator.turn.evidence import share
from orchestrator.turn.inputs import Escalated, Guarded, PlannedCall
from orchestrator.turn.machine import REFUSED_INPUT
from orchestrator.turn.state import Observed, TurnState

_NO_ANSWER = frozenset({Outcome.REFUSED, Outcome.TOOL_FAILED})


async def repeated(state: TurnState, scope: TurnScope) -> Escalated | None:
    """Escalated when the customer asks the same for the last time that policy allows; None else."""
    rule = scope.world.escalation.loops
    asked = await _times_asked(state, scope)
    if asked < rule.same_question:
        return None
    return Escalated(reason=HandoffReason.REPEATED_QUESTION, reasons=(f"asked {asked} times",))


async def looping(call: PlannedCall, scope: TurnScope) -> bool:
    """Whether the last turns have made this very call so often that policy asks for a person instead."""
    rule, remembered = scope.world.escalation.loops, await scope.remembered()
    return turns_called(call.same_as, remembered.calls, among=rule.call_turns) >= rule.same_call


async def judged(guarded: Guarded, state: TurnState, scope: TurnScope) -> Guarded:
    """The verdict with its confidence. An answer that is not sure enough is not given; the policy says what is."""
    if guarded.verdict == "hand_over":
        return guarded
    facts = await facts_of(guarded, state, scope)
    sure = judge(facts, scope.world.escalation)
    told = guarded.model_copy(update={"confidence": sure})
    if await _refused_again(told, state, scope):
        update = {"verdict": "hand_over", "handoff": HandoffReason.REPEATED_QUESTION}
        return told.model_copy(update={**update, "reasons": (*told.reasons, "repeated_refusal")})
    if not sure.escalate or guarded.verdict == "refuse" or state.said or state.outcome is not Outcome.ANSWERED:
        # Phrases of ours and refusals say no more than is known.
        return told
    return await _below(told, sure, state, scope)


async def facts_of(guarded: Guarded, state: TurnState, scope: TurnScope) -> Facts:
    """What the turn shows."""
    searches = tuple(
        _search(one.output) for one in state.observed if one.output is not None and "passages" in one.output
    )
    calls = tuple(_call(one, scope) for one in state.observed if not _is_mere_search(one, scope))
    return Facts(
        searches=searches, calls=calls, covered=guarded.covered, self_check=state.self_check, flags=state.flags,
        asked=await _times_asked(state, scope), repairs=state.repairs, degraded=state.degraded,
        foreign=scope.heard(state.text) == "other",
        risk_words=scope.world.escalation.topics_in(state.text),
    )  # fmt: skip


async def _below(told: Guarded, sure: Confidence, state: TurnState, scope: TurnScope) -> Guarded:
    """What happens instead of an answer that is not sure enough."""
    reasons = (*told.reasons, f"low_confidence:{sure.tier.value}")
    match scope.world.escalation.tiers[sure.tier].below:
        case "hand_over":
            update = {"verdict": "hand_over", "handoff": HandoffReason.LOW_CONFIDENCE}
            return told.model_copy(update={**update, "reasons": reasons})
        case "ask":
            return told.model_copy(update={"verdict": "ask", "reasons": reasons})
        case "refuse":
            say = (await scope.phrases(state)).say
            nearest = told.citations[:1]
            page = next((named(one.title, one.url) for one in nearest), None)
            text = say("guard_unsupported") if page is None else say("guard_nearest", page=page)
            refusal = {"verdict": "refuse", "text": text, "citations": nearest, "support": (), "refusal": "unsupported"}
            return told.model_copy(update={**refusal, "reasons": reasons})


async def _refused_again(told: Guarded, state: TurnState, scope: TurnScope) -> bool:
    """Whether the customer would get the same no for the last time that policy allows. What must not leave is no
    question without an answer, and neither is a message that was refused where it came in: whoever tries thrice needs
    no person.
    """
    if told.refusal == "withheld" or state.said == REFUSED_INPUT:
        return False
    if told.verdict != "refuse" and state.outcome not in _NO_ANSWER:
        return False
    remembered = await scope.remembered()
    return times_told(told.text, remembered.history) >= scope.world.escalation.loops.same_refusal


async def _times_asked(state: TurnState, scope: TurnScope) -> int:
    remembered = await scope.remembered()
    fewest = scope.world.escalation.loops.fewest_words
    return times_asked(state.text, remembered.history, fewest_words=fewest)


def _is_mere_search(one: Observed, scope: TurnScope) -> bool:
    """Whether nothing more than help pages is at stake, which only a tool of that tier can say."""
    entry = scope.world.catalog.entry(one.call.tool)
    found = one.output is not None and "passages" in one.output
    return found and (entry is None or entry.risk is RiskTier.LOW)


def _search(output: Mapping[str, Any]) -> SearchSeen:
    return SearchSeen(
        strength=share(output, "strength", 1.0), gap=share(output, "gap", 0.0), cover=share(output, "cover", 1.0),
        answerable=bool(output.get("answerable", True)),
    )  # fmt: skip


def _call(one: Observed, scope: TurnScope) -> CallSeen:
    entry = scope.world.catalog.entry(one.call.tool)
    return CallSeen(
        tool=one.call.tool, risk=entry.risk if entry is not None else RiskTier.PRIVATE, failed=one.output is None,
        cached=one.cached, attempts=one.attempts, done=one.call.write and one.output is not None,
    )  # fmt: skip
