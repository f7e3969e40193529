"""How sure the turn is of its answer, with the reasons. Judged outside, and journalled with the guards' verdict."""

from contracts.base import OpenModel
from contracts.tool import RiskTier


class Signal(OpenModel):
    """One thing that speaks for or against an answer: `value` in [0, 1], 1 is nothing against it.

    `weight` is what the score loses at 0; `reason` says in plain words what was seen.
    """

    name: str
    value: float
    weight: float
    reason: str = ""


class Confidence(OpenModel):
    """The bundle: a score in [0, 1], the tier whose rule it was judged by, and whether it is too low for that tier.

    `reasons` are those of the signals that cost something, the dearest first.
    """

    score: float
    tier: RiskTier
    signals: tuple[Signal, ...] = ()
    escalate: bool = False
    reasons: tuple[str, ...] = ()
    policy: str = ""
