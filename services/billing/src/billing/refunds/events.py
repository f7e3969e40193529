"""What can happen to a refund. Each event leads to the state of its name (`Reversed` to failed), and holds nothing
personal of the customer.
"""

from dataclasses import asdict, dataclass
from typing import Any, assert_never

from contracts.tools.billing import RefundState


@dataclass(frozen=True, slots=True)
class Requested:
    """A customer asked for it: so much of which charge."""

    charge_id: str
    order_id: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The customer said yes to exactly the effect `digest`; `grant_id` names the signed grant that says so."""

    digest: str
    grant_id: str


@dataclass(frozen=True, slots=True)
class Approved:
    """Those who had to agree have agreed: `needed` members of staff, or nobody when the policy asks for none."""

    approvers: tuple[str, ...]
    needed: int
    clause: str
    sentence: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class Denied:
    """Staff said no."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Nobody decided in time."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """From here on the provider may have carried it out."""

    provider: str


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The provider gave the money back."""

    provider_refund: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The provider did not, and will not. `failure` is a short code of ours."""

    failure: str


@dataclass(frozen=True, slots=True)
class Reversed:
    """The provider takes its success back, days later: the money did not arrive, and is the shop's again."""

    provider_refund: str
    failure: str


RefundEvent = Requested | Confirmed | Approved | Denied | Expired | Submitted | Succeeded | Failed | Reversed


def target(event: RefundEvent) -> RefundState:
    """The state that the event leads to."""
    match event:
        case Requested():
            return RefundState.REQUESTED
        case Confirmed():
            return RefundState.CONFIRMED
        case Approved():
            return RefundState.APPROVED
        case Denied():
            return RefundState.DENIED
        case Expired():
            return RefundState.EXPIRED
        case Submitted():
            return RefundState.SUBMITTED
        case Succeeded():
            return RefundState.SUCCEEDED
        case Failed() | Reversed():
            return RefundState.FAILED
    assert_never(event)


def details(event: RefundEvent) -> dict[str, Any]:
    """What the event's row says, as JSON."""
    return asdict(event)
