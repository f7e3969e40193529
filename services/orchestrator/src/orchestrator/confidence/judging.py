"""The judgement: from what a turn shows to a score, a tier, and whether that is enough."""

from collections.abc import Mapping

from contracts.tool import RiskTier
from orchestrator.confidence.facts import Facts
from orchestrator.confidence.policy import EscalationPolicy
from orchestrator.confidence.signals import readings
from orchestrator.turn.confidence import Confidence, Signal

_ORDER = (RiskTier.LOW, RiskTier.PRIVATE, RiskTier.MONEY)


def judge(facts: Facts, policy: EscalationPolicy) -> Confidence:
    """The bundle of a turn that has an answer.

    The score is 1 less what each signal costs, so it falls with every signal and rises with none. A write that was
    done never escalates: the customer agreed to it, and must hear that it happened.
    """
    tier = tier_of(facts)
    rule = policy.tiers[tier]
    signals = tuple(
        Signal(name=one.name, value=round(one.value, 4), weight=rule.weights[one.name], reason=one.reason)
        for one in readings(facts)
    )
    score = score_of({one.name: one.value for one in signals}, rule.weights)
    costly = sorted((one for one in signals if _cost(one) > 0), key=_cost, reverse=True)
    done = any(one.done for one in facts.calls)
    return Confidence(
        score=score, tier=tier, signals=signals, escalate=score < rule.threshold and not done,
        reasons=tuple(one.reason for one in costly), policy=policy.version,
    )  # fmt: skip


def tier_of(facts: Facts) -> RiskTier:
    """The highest tier of the tools that the answer rests on; an answer from the help pages alone is low."""
    return max((one.risk for one in facts.calls), key=_ORDER.index, default=RiskTier.LOW)


def score_of(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The score of signals by their names, in [0, 1]. Raises KeyError for a signal without a weight."""
    lost = sum(weights[name] * (1 - value) for name, value in values.items())
    return round(min(1.0, max(0.0, 1 - lost)), 4)


def _cost(signal: Signal) -> float:
    return signal.weight * (1 - signal.value)
