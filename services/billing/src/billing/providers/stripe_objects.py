"""Stripe's refund object as a value of ours. No I/O and no SDK: webhooks and answers of the API are read alike."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from billing.providers.port import ProviderRefund, ProviderState
from contracts.money import Money
from contracts.tools.billing import RefundRequestId

#: The key of the metadata under which a refund at Stripe carries our id.
OUR_ID = "refund_request_id"
#: Where Stripe's unit is not ours: it has hundredths of ISK and UGX, and none of MGA.
OTHER_UNIT = frozenset({"ISK", "MGA", "UGX"})
_STATES = {
    "pending": ProviderState.PENDING, "requires_action": ProviderState.PENDING,
    "succeeded": ProviderState.SUCCEEDED, "failed": ProviderState.FAILED, "canceled": ProviderState.FAILED,
}  # fmt: skip
_FAILURES = {
    "charge_for_pending_refund_disputed": "charge_disputed", "declined": "declined",
    "expired_or_canceled_card": "card_gone", "insufficient_funds": "insufficient_funds",
    "lost_or_stolen_card": "card_gone", "merchant_request": "canceled",
}  # fmt: skip
_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
_OURS: TypeAdapter[str] = TypeAdapter(RefundRequestId)


def read_refund(values: Mapping[str, Any]) -> ProviderRefund:
    """The refund that these fields say. Raises ValueError when they do not make one whose amount we can tell."""
    found, status = values.get("id"), values.get("status")
    amount, currency = values.get("amount"), values.get("currency")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise ValueError("a refund has no id")
    if not isinstance(status, str) or status not in _STATES:
        raise ValueError("a refund has no state that we know")
    if not isinstance(currency, str) or currency.upper() in OTHER_UNIT:
        raise ValueError("a refund has no currency, or one with another unit than ours")
    state = _STATES[status]
    return ProviderRefund(
        provider_id=found,
        state=state,
        amount=Money.model_validate({"amount_minor": amount, "currency": currency.upper()}),
        failure=_failure(status, values.get("failure_reason")) if state is ProviderState.FAILED else "",
    )


def our_id(values: Mapping[str, Any]) -> str | None:
    """The `refund_request_id` of a refund at Stripe; None when it is none of ours."""
    metadata = values.get("metadata")
    if not isinstance(metadata, Mapping):
        return None
    try:
        return _OURS.validate_python(metadata.get(OUR_ID))
    except ValidationError:
        return None


def _failure(status: str, reason: object) -> str:
    if status == "canceled":
        return "canceled"
    return _FAILURES.get(reason, "failed_at_provider") if isinstance(reason, str) else "failed_at_provider"
