"""The fields of a form that edits policies, and the policies that come of it. An empty field: as it is in force.

Beside policies another Brain can be tried, and a tool that is switched off.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from contracts.refund_rules import Amount, RefundRules, RulesEdit
from contracts.tool import RiskTier
from orchestrator.confidence.policy import EscalationPolicy
from orchestrator.limits.policy import CAP_NAMES, CapName, LimitsPolicy
from orchestrator.replay.tool_forks import switched_off

#: So many tiers with a limit can be edited; no policy has had more.
MOST_TIERS = 3


def _nothing(value: object) -> object:
    return None if value == "" else value


Blank = BeforeValidator(_nothing)
Minor = Annotated[Amount | None, Blank]
Share = Annotated[Annotated[float, Field(ge=0, le=1)] | None, Blank]
Usd = Annotated[Annotated[Decimal, Field(gt=0, le=1_000_000)] | None, Blank]


def _switchable(name: str) -> str:
    switched_off(name)
    return name


class PolicyFields(BaseModel):
    """What of the policies may be edited. Amounts are minor units, thresholds between 0 and 1, caps US dollars. `brain`
    answers instead of the one that did, `tool_off` is switched off.
    """

    tier_1: Minor = None
    tier_2: Minor = None
    tier_3: Minor = None
    always: Annotated[Literal["yes", "no"] | None, Blank] = None
    window_days: Annotated[Annotated[int, Field(ge=0, le=36_500)] | None, Blank] = None
    customer_cap: Minor = None
    shop_cap: Minor = None
    low: Share = None
    private: Share = None
    money: Share = None
    session: Usd = None
    customer_day: Usd = None
    shop_day: Usd = None
    shop_month: Usd = None
    brain: Annotated[Literal["offline"] | None, Blank] = None
    tool_off: Annotated[Annotated[str, AfterValidator(_switchable)] | None, Blank] = None

    @property
    def thinks(self) -> bool:
        """Whether more is needed than what was recorded."""
        return self.brain is not None or self.tool_off is not None

    @property
    def edits(self) -> dict[str, str]:
        """The fields of policies that are filled in, as text."""
        named = {name: getattr(self, name) for name in PolicyFields.model_fields}
        return {name: str(value) for name, value in named.items() if value is not None}

    @property
    def about_refunds(self) -> bool:
        """Whether the refund policy is edited."""
        return not self.edits.keys().isdisjoint(_OF_REFUNDS)


_OF_REFUNDS = ("tier_1", "tier_2", "tier_3", "always", "window_days", "customer_cap", "shop_cap")


def refund_edit(fields: PolicyFields, rules: RefundRules) -> RulesEdit | None:
    """The refund policy as edited; None: it is as it was."""
    if not fields.about_refunds:
        return None
    asked = (fields.tier_1, fields.tier_2, fields.tier_3)
    given = {place: limit for place, limit in enumerate(asked) if limit is not None}
    tiers = tuple(given.get(place, limit) for place, limit in enumerate(rules.tiers))
    return RulesEdit(
        tiers=tiers, always=None if fields.always is None else fields.always == "yes", window_days=fields.window_days,
        customer_cap=fields.customer_cap, shop_cap=fields.shop_cap,
    )  # fmt: skip


def escalation_edit(fields: PolicyFields, policy: EscalationPolicy) -> EscalationPolicy | None:
    """The policy with the thresholds as edited; None: it is as it was."""
    given = {RiskTier.LOW: fields.low, RiskTier.PRIVATE: fields.private, RiskTier.MONEY: fields.money}
    found = {tier: value for tier, value in given.items() if value is not None}
    return policy.with_thresholds(found) if found else None


def limits_edit(fields: PolicyFields, policy: LimitsPolicy) -> LimitsPolicy | None:
    """The policy with the caps as edited; None: it is as it was."""
    given: dict[CapName, Decimal] = {name: value for name in CAP_NAMES if (value := getattr(fields, name)) is not None}
    if not given:
        return None
    raw: dict[str, Any] = policy.model_dump()
    for name, usd in given.items():
        raw["caps"].setdefault(name, {})["usd"] = usd
    return LimitsPolicy.model_validate(raw)


def in_force(rules: RefundRules | None, escalation: EscalationPolicy, limits: LimitsPolicy) -> Mapping[str, str]:
    """What each field is as it is in force; a field that the policies do not have is left out."""
    found: dict[str, object] = {tier.value: rule.threshold for tier, rule in escalation.tiers.items()}
    found |= {name: limits.cap(name).usd or "no limit" for name in CAP_NAMES}
    if rules is not None:
        found |= {f"tier_{place}": limit for place, limit in enumerate(rules.tiers[:MOST_TIERS], 1)}
        found |= {
            "always": "yes" if rules.always else "no", "window_days": rules.window_days,
            "customer_cap": rules.customer_cap, "shop_cap": rules.shop_cap,
        }  # fmt: skip
    return {name: str(value) for name, value in found.items()}
