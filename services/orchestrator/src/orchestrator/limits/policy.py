"""The policy of limits, from `policy/limits.yaml` or a file of one's own with the same shape."""

from decimal import Decimal
from importlib import resources
from math import ceil
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from limits import parse_many
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

CapName = Literal["session", "customer_day", "shop_day", "shop_month"]
CAP_NAMES: tuple[CapName, ...] = ("session", "customer_day", "shop_day", "shop_month")
Allowance = Literal["begin", "message", "human", "decide", "read", "staff", "tool", "page", "mail", "inbound"]
MICROS = 1_000_000


def _parsed(rate: str) -> str:
    if any(item.amount < 1 for item in parse_many(rate)):
        raise ValueError("a rate of nothing lets nobody in")
    return rate


Rate = Annotated[str, AfterValidator(_parsed)]
Percent = Annotated[int, Field(ge=1, le=100)]
Dollars = Annotated[Decimal, Field(ge=0)]


def _micros(usd: Decimal) -> int:
    # Rounded up: 0 stands for no limit.
    return ceil(usd * MICROS)


#: Files of shops that were written before have none of these: theirs are as they ship.
_CAME_LATER: tuple[Allowance, ...] = ("mail", "inbound")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Steps(_Strict):
    """From which percent of a cap each level begins."""

    small: Percent
    knowledge: Percent
    email: Percent

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.small <= self.knowledge <= self.email:
            raise ValueError("small comes before knowledge, and knowledge before email")
        return self


class Cap(_Strict):
    """The most that may be spent; of tokens and dollars the one that is nearer counts."""

    tokens: Annotated[int, Field(ge=1)] | None = None
    usd: Annotated[Decimal, Field(gt=0)] | None = None
    steps: Steps | None = None

    @property
    def cost_micros(self) -> int | None:
        """The money as micro-dollars."""
        return None if self.usd is None else _micros(self.usd)


class RateSet(_Strict):
    """How often something may be done; each limit is one such as `20/minute` or `5/second;100/hour`."""

    caller: Rate | None = None
    conversation: Rate | None = None
    guest_address: Rate | None = None
    address: Rate | None = None
    device: Rate | None = None
    mailbox: Rate | None = None


class LimitsPolicy(_Strict):
    """See the file."""

    version: str
    turn_usd: Dollars
    steps: Steps
    caps: dict[CapName, Cap]
    near: Percent
    rates: dict[Allowance, RateSet]

    @model_validator(mode="after")
    def _every_rate(self) -> Self:
        missing = set(Allowance.__args__) - self.rates.keys()  # type: ignore[attr-defined]
        if missing:
            raise ValueError(f"rates lacks {', '.join(sorted(missing))}")
        return self

    @property
    def turn_cost_micros(self) -> int:
        """What one turn may cost, in micro-dollars; 0: no such limit."""
        return _micros(self.turn_usd)

    def cap(self, name: CapName) -> Cap:
        """The cap of that name; one that binds nothing when the policy has none."""
        return self.caps.get(name, Cap())

    def steps_of(self, name: CapName) -> Steps:
        """The steps of a cap: its own, else everybody's."""
        return self.cap(name).steps or self.steps


def load_limits(path: Path | None = None, **told: Decimal | int | None) -> LimitsPolicy:
    """The policy in `path`, else the one that ships with the service; `told` replaces single amounts, such as
    `shop_day_usd` or `session_tokens`. Raises ValueError for a file of another shape.
    """
    shipped = yaml.safe_load(resources.files("orchestrator.policy").joinpath("limits.yaml").read_text("utf-8"))
    read = shipped if path is None else yaml.safe_load(path.read_text("utf-8"))
    if isinstance(read, dict) and isinstance(read.get("rates"), dict):
        read["rates"] = {name: shipped["rates"][name] for name in _CAME_LATER} | read["rates"]
    raw: dict[str, Any] = LimitsPolicy.model_validate(read).model_dump()
    for name, amount in told.items():
        cap, _, unit = name.rpartition("_")
        if amount is not None:
            raw["caps"].setdefault(cap, {})[unit] = amount
    return LimitsPolicy.model_validate(raw)
