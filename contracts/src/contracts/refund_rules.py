"""The refund policy in force, what another would have said, what was given back: as billing tells the orchestrator.

These are no tools: no Brain asks. Amounts are minor units.
"""

from typing import Annotated

from pydantic import Field

from contracts.base import ContractModel
from contracts.money import Currency
from contracts.tools.billing import RefundRequestId

RULES_PATH = "/internal/refunds/policy"
JUDGED_PATH = "/internal/refunds/judged"
SUMS_PATH = "/internal/refunds/sums"
RULES_SCOPE = "billing.rules"
MOST_REFUNDS = 500

Amount = Annotated[int, Field(ge=0, le=1_000_000_000_000)]
Moment = Annotated[int, Field(ge=0, le=10_000_000_000)]


class RulesQuery(ContractModel):
    """Asks for the policy; there is nothing to choose."""


class RefundRules(ContractModel):
    """The policy in force. `tiers` are the limits of all tiers but the last, which has none; `text` is all of it as
    YAML, and `digest` the SHA-256 of that.
    """

    version: str
    digest: str
    text: str
    tiers: tuple[Amount, ...]
    always: bool
    window_days: int
    customer_cap: Amount
    shop_cap: Amount


class RulesEdit(ContractModel):
    """Another policy: the one in force with these changes; None: as it is. `tiers` are those of all limited tiers."""

    tiers: tuple[Amount, ...] | None = Field(default=None, max_length=10)
    always: bool | None = None
    window_days: int | None = Field(default=None, ge=0, le=36_500)
    customer_cap: Amount | None = None
    shop_cap: Amount | None = None


class JudgedQuery(ContractModel):
    """Refunds that were registered, to be judged by the edited policy, each as of its own moment."""

    edit: RulesEdit
    refunds: tuple[RefundRequestId, ...] = Field(max_length=MOST_REFUNDS)


class Judged(ContractModel):
    """How many of staff each would have needed; what billing does not know is left out. `wrong`: why no policy can have
    these limits; then nothing was judged.
    """

    approvals: dict[str, int]
    wrong: str = ""


class SumsQuery(ContractModel):
    """Refunds that were asked for from `since` until before `until`, in seconds since 1970."""

    since: Moment
    until: Moment


class CurrencySums(ContractModel):
    """What was given back in a currency; of that, what staff had agreed to. The `open` and `refused` moved nothing."""

    currency: Currency
    given_back: int
    amount: int
    by_staff: int
    amount_by_staff: int
    open: int
    refused: int


class RefundSums(ContractModel):
    """By currency, in its order."""

    sums: tuple[CurrencySums, ...]
