"""The rules of escalation, from `policy/escalation.yaml`."""

import re
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from contracts.base import OpenModel
from contracts.tool import RiskTier
from orchestrator.confidence.signals import NAMES

#: What happens to an answer below its threshold: a question back, a refusal with the nearest page, or a person.
Below = Literal["ask", "refuse", "hand_over"]


class TierRule(OpenModel):
    """A tier: an answer below `threshold` is not given."""

    threshold: float = Field(ge=0, le=1)
    below: Below
    weights: dict[str, float]

    @model_validator(mode="after")
    def _is_complete(self) -> "TierRule":
        if set(self.weights) != set(NAMES):
            raise ValueError(f"weights must name exactly: {', '.join(NAMES)}")
        if not all(0 <= one <= 1 for one in self.weights.values()):
            raise ValueError("a weight is between 0 and 1")
        return self


class LoopRule(OpenModel):
    """After so many times of the same, counted since a person last answered, a person is fetched.

    A call is counted in the last `call_turns` turns, the running one included.
    """

    same_question: int = Field(ge=2)
    same_refusal: int = Field(ge=2)
    same_call: int = Field(ge=2)
    call_turns: int = Field(ge=2)
    fewest_words: int = Field(ge=1)

    @model_validator(mode="after")
    def _can_be_reached(self) -> "LoopRule":
        if self.same_call > self.call_turns:
            raise ValueError("same_call is counted once per turn, so it is at most call_turns")
        return self


class EscalationPolicy(OpenModel):
    """See the file. `risk_words` by their topic."""

    version: str
    tiers: dict[RiskTier, TierRule]
    loops: LoopRule
    risk_words: dict[str, tuple[str, ...]]

    @model_validator(mode="after")
    def _is_complete(self) -> "EscalationPolicy":
        if set(self.tiers) != set(RiskTier):
            raise ValueError("each tier needs its rule")
        return self

    def topics_in(self, text: str) -> tuple[str, ...]:
        """The topics of risk that a text speaks of."""
        words = set(re.findall(r"[^\W\d_]+", text.casefold()))
        return tuple(topic for topic, listed in self.risk_words.items() if not words.isdisjoint(listed))

    def with_thresholds(self, thresholds: Mapping[RiskTier, float]) -> "EscalationPolicy":
        """The same policy with other thresholds."""
        tiers = {
            tier: rule.model_copy(update={"threshold": thresholds.get(tier, rule.threshold)})
            for tier, rule in self.tiers.items()
        }
        return self.model_copy(update={"tiers": tiers})


def load_escalation_policy(text: str | None = None) -> EscalationPolicy:
    """The policy that ships with the service, or the one in `text` (YAML). Raises ValueError when it is incomplete."""
    if text is None:
        text = resources.files("orchestrator.policy").joinpath("escalation.yaml").read_text("utf-8")
    try:
        raw: Any = yaml.safe_load(text)
        listed = raw.get("risk_words") or {}
        words = {topic: tuple(" ".join(languages.values()).casefold().split()) for topic, languages in listed.items()}
    except yaml.YAMLError as error:
        raise ValueError("an escalation policy is YAML") from error
    except (AttributeError, TypeError) as error:
        raise ValueError("an escalation policy, and its risk_words, are mappings") from error
    return EscalationPolicy.model_validate({**raw, "risk_words": words})
