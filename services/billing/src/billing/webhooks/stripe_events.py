"""Stripe's events as news of our refunds. Pure: the time and the check of the signature are passed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from billing.providers.port import ProviderRefund
from billing.providers.stripe_objects import our_id, read_refund

TOLERANCE_S = 300
_OF_A_REFUND = ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
_OF_A_CHARGE = "charge.refunded"

#: (body, Stripe-Signature, secret) -> whether the one was signed with the other.
SignatureCheck = Callable[[bytes, str, str], bool]


class EventRefused(Exception):
    """This is no event that Stripe signed for us in the last five minutes."""


@dataclass(frozen=True, slots=True)
class RefundNews:
    """What a refund of ours has become. News may come twice, late, and in any order."""

    refund_request_id: str
    refund: ProviderRefund


def read_event(
    body: bytes, signature: str, secret: str, *, now: datetime, fits: SignatureCheck
) -> tuple[RefundNews, ...]:
    """The news in an event; none when it is about something else. Raises EventRefused."""
    signed_at = _signed_at(signature)
    if signed_at is None or abs(now.timestamp() - signed_at) > TOLERANCE_S or not fits(body, signature, secret):
        raise EventRefused
    return tuple(news for one in _refunds(_object(body)) if (news := _news(one)) is not None)


def _signed_at(signature: str) -> int | None:
    """The first `t=` of the header, as the SDK takes it."""
    for part in signature.split(","):
        name, _, value = part.partition("=")
        if name == "t":
            return int(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else None
    return None


def _object(body: bytes) -> Mapping[str, Any]:
    event: Any = None
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise EventRefused from None
    if not isinstance(event, dict):
        raise EventRefused
    return event


def _refunds(event: Mapping[str, Any]) -> list[Any]:
    data = event.get("data")
    found = data.get("object") if isinstance(data, dict) else None
    if not isinstance(found, dict):
        return []
    if event.get("type") in _OF_A_REFUND:
        return [found]
    # Newer versions of the API leave the refunds out of a charge; then `refund.*` brings them.
    refunds = found.get("refunds") if event.get("type") == _OF_A_CHARGE else None
    listed = refunds.get("data") if isinstance(refunds, dict) else None
    return listed if isinstance(listed, list) else []


def _news(values: Any) -> RefundNews | None:
    """None when it is no refund of ours, or one that cannot be read: the reconciler asks for those."""
    if not isinstance(values, dict) or (refund_request_id := our_id(values)) is None:
        return None
    try:
        return RefundNews(refund_request_id, read_refund(values))
    except ValueError:
        return None
