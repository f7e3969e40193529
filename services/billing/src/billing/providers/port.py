"""What a refund needs of the system that moves the money. One adapter per provider; all pass one test-suite."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol

from contracts.money import Money


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """One refund to be carried out. `refund_request_id` makes it one effect, however often it is asked for.

    `charge` is the provider's own id of the payment. Metadata holds our ids only, never a person's data.
    """

    refund_request_id: str
    charge: str
    amount: Money
    metadata: dict[str, str]


class ProviderState(StrEnum):
    """What became of a refund at the provider. PENDING may still become either of the others."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ProviderRefund:
    """A refund as the provider has it. `failure` is a short code of ours when it failed, such as `charge_disputed`."""

    provider_id: str
    state: ProviderState
    amount: Money
    failure: str = ""


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund of ours that the provider has, found without asking for it by its id. `charges`: the payment's ids."""

    refund_request_id: str
    charges: tuple[str, ...]
    refund: ProviderRefund


class ProviderError(Exception):
    """The provider gave no answer that settles the refund. The text never quotes it.

    unknown: it may have been done (time-out, connection lost, 5xx, garbage): ask `find`, or order again.
    refused: it was not done and never will be as it is (`reason` is a short code of ours); nothing was moved.
    not_now: it was not done; again later (`retry_after_s`), the same order is safe.
    misconfigured: our key is wrong or too narrow; nothing was moved, and our operators must look.
    """

    def __init__(
        self,
        kind: Literal["unknown", "refused", "not_now", "misconfigured"],
        reason: str = "",
        *,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"refund provider: {kind}{f' ({reason})' if reason else ''}")
        self.kind, self.reason, self.retry_after_s = kind, reason, retry_after_s


class RefundProvider(Protocol):
    """Moves money back. Long-lived: one per process, shared by all requests; it holds no transaction of ours."""

    name: str

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """Carry it out, or say what became of the same order before. Raises ProviderError."""
        ...

    async def find(self, order: RefundOrder) -> ProviderRefund | None:
        """What became of this order; None when the provider has never heard of it. Raises ProviderError."""
        ...

    async def given_since(self, since: datetime) -> list[GivenBack]:
        """Every refund of ours that was made since then and has not failed. Raises ProviderError."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...
