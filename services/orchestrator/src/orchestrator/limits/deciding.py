"""Which level a turn begins at: pure, from what was spent and the policy."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.limits.policy import CAP_NAMES, Cap, CapName, LimitsPolicy, Steps
from orchestrator.limits.usage import Spent
from orchestrator.turn.budgets import Level


@dataclass(frozen=True, slots=True)
class Verdict:
    """The level, the cap because of which it is not the highest (else ""), and each cap's share in use (1.0: all)."""

    level: Level
    reason: str
    shares: Mapping[CapName, float]


def level_of(policy: LimitsPolicy, spent: Mapping[CapName, Spent]) -> Verdict:
    """The strictest level that any cap asks for."""
    shares = {name: share_of(policy.cap(name), spent.get(name, Spent())) for name in CAP_NAMES}
    level, reason = Level.STRONG, ""
    for name, share in shares.items():
        asked = _level_at(share, policy.steps_of(name))
        if asked.rank > level.rank:
            level, reason = asked, name
    return Verdict(level, reason, shares)


def share_of(cap: Cap, spent: Spent) -> float:
    """How much of the cap is used: 0 without a cap, and more than 1 beyond it."""
    money = spent.cost_micros / cap.cost_micros if cap.cost_micros else 0.0
    return max(money, spent.tokens / cap.tokens if cap.tokens else 0.0)


def _level_at(share: float, steps: Steps) -> Level:
    percent = share * 100
    if percent >= steps.email:
        return Level.EMAIL
    if percent >= steps.knowledge:
        return Level.KNOWLEDGE
    return Level.SMALL if percent >= steps.small else Level.STRONG
