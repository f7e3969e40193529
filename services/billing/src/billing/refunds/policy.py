"""Who must agree to a refund: a pure decision over facts, by the clauses of `policy/refunds.yaml`."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, model_validator

from contracts.base import ContractModel
from contracts.money import Money


class Clause(ContractModel):
    """A rule by its id, with the one sentence that stands on receipts."""

    clause: str = Field(pattern=r"^[A-Z][0-9]+$")
    approvals: int = Field(ge=0, le=10)
    sentence: str


class Tier(Clause):
    """Amounts up to and including `up_to_minor`; the last tier has no limit."""

    up_to_minor: int | None = Field(default=None, ge=0)


class Switch(Clause):
    """A rule for all refunds, that is active or not."""

    active: bool


class RiskFlags(Clause):
    """A rule for charges that carry any of these flags."""

    flags: frozenset[str]


class Window(Clause):
    """A rule for charges older than so many days."""

    days: int = Field(ge=0)


class Cap(Clause):
    """A rule for what goes beyond so much within 24 hours."""

    up_to_minor: int = Field(ge=0)


class RefundPolicy(ContractModel):
    """The file."""

    version: str
    tiers: tuple[Tier, ...] = Field(min_length=1)
    always: Switch
    risk: RiskFlags
    window: Window
    customer_cap: Cap
    shop_cap: Cap

    @model_validator(mode="after")
    def _tiers_rise(self) -> Self:
        limits = [tier.up_to_minor for tier in self.tiers[:-1]]
        if self.tiers[-1].up_to_minor is not None or any(limit is None for limit in limits):
            raise ValueError("all tiers but the last have a limit")
        known = [limit for limit in limits if limit is not None]
        if known != sorted(set(known)):
            raise ValueError("the limits of the tiers rise")
        return self

    @model_validator(mode="after")
    def _sentences_can_be_said(self) -> Self:
        try:
            for one in (*self.tiers, self.customer_cap, self.shop_cap):
                one.sentence.format(limit="")
            self.window.sentence.format(days=0)
        except (LookupError, AttributeError, ValueError) as error:
            raise ValueError("a sentence has a placeholder that nothing fills") from error
        return self


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What a decision rests on. The two sums, in minor units, were given back without staff in the last 24 hours."""

    amount: Money
    age_days: int
    risk_flags: frozenset[str] = frozenset()
    to_customer_minor: int = 0
    by_shop_minor: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """How many members of staff must approve, and the clause that says so; `reasons` are for those who decide."""

    approvals: int
    clause: str
    sentence: str
    reasons: tuple[str, ...]


def load_policy(file: Path | None = None, *, auto_up_to_minor: int | None = None) -> RefundPolicy:
    """The policy of `file`, or ours. `auto_up_to_minor` replaces the first tier's limit; -1 sends all to staff.

    Raises ValueError when the file is not of that form.
    """
    source = file if file is not None else files("billing").joinpath("policy", "refunds.yaml")
    try:
        policy = RefundPolicy.model_validate(yaml.safe_load(source.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ValueError(f"the refund policy is not YAML: {error}") from error
    if auto_up_to_minor is None:
        return policy
    if auto_up_to_minor < 0:
        return policy.model_copy(update={"always": policy.always.model_copy(update={"active": True})})
    first, *rest = policy.tiers
    above = [tier for tier in rest if tier.up_to_minor is None or tier.up_to_minor > auto_up_to_minor]
    return policy.model_copy(update={"tiers": (first.model_copy(update={"up_to_minor": auto_up_to_minor}), *above)})


def decide(policy: RefundPolicy, facts: RefundFacts) -> Decision:
    """The decision. The highest number of approvals wins; of equal ones the first of tier, always, risk, window, caps.

    The caps are for what is made without staff: where staff is asked anyway, they say nothing.
    """
    tier = next(one for one in policy.tiers if one.up_to_minor is None or facts.amount.amount_minor <= one.up_to_minor)
    found = [_limited(tier, facts, tier.up_to_minor), *_doubts(policy, facts)]
    if all(one.clause.approvals == 0 for one in found):
        found += _over_caps(policy, facts)
    decisive = max(found, key=lambda one: one.clause.approvals)  # the first of equal ones
    reasons = tuple(one.reason or one.sentence for one in found if one.clause.approvals > 0)
    return Decision(decisive.clause.approvals, decisive.clause.clause, decisive.sentence, reasons)


@dataclass(frozen=True, slots=True)
class _Found:
    """A clause that applies; `reason` says more to staff than the sentence says to the customer."""

    clause: Clause
    sentence: str
    reason: str = ""


def _doubts(policy: RefundPolicy, facts: RefundFacts) -> list[_Found]:
    found = []
    if policy.always.active:
        found.append(_Found(policy.always, policy.always.sentence))
    if flags := sorted(facts.risk_flags & policy.risk.flags):
        found.append(_Found(policy.risk, policy.risk.sentence, f"Open checks of the payment: {', '.join(flags)}"))
    if facts.age_days > policy.window.days:
        sentence = policy.window.sentence.format(days=policy.window.days)
        found.append(_Found(policy.window, sentence, f"The payment is {facts.age_days} days old"))
    return found


def _over_caps(policy: RefundPolicy, facts: RefundFacts) -> list[_Found]:
    amount = facts.amount.amount_minor
    spent = ((policy.customer_cap, facts.to_customer_minor), (policy.shop_cap, facts.by_shop_minor))
    return [_limited(cap, facts, cap.up_to_minor) for cap, before in spent if before + amount > cap.up_to_minor]


def _limited(clause: Clause, facts: RefundFacts, limit_minor: int | None) -> _Found:
    limit = Money(amount_minor=limit_minor, currency=facts.amount.currency) if limit_minor is not None else ""
    return _Found(clause, clause.sentence.format(limit=limit))
