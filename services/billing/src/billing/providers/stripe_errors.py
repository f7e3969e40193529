"""What an error of Stripe means for a refund. Only codes and numbers are looked at; none of its words go on from here.

401, 403                    misconfigured
400, 402, 404, 422          refused, with a code of ours; unknown when our key was used for something else
409, 429 `lock_timeout`     not_now
409 otherwise               unknown: the same order is under way just now, and may still be done
429                         not_now, with Retry-After
5xx, 424, anything that is not in Stripe's own shape, no answer, half an answer: unknown; no connection: not_now
"""

from dataclasses import dataclass

from billing.providers.port import ProviderError

_KEY_TROUBLE = frozenset({
    "account_invalid", "api_key_expired", "livemode_mismatch", "platform_api_key_expired", "secret_key_required",
    "testmode_charges_only",
})  # fmt: skip
_REFUSALS = {
    "amount_too_large": "amount_too_large",
    "amount_too_small": "amount_too_small",
    "balance_insufficient": "insufficient_funds",
    "charge_already_refunded": "charge_already_refunded",
    "charge_disputed": "charge_disputed",
    "charge_expired_for_capture": "charge_not_captured",
    "charge_not_refundable": "charge_not_refundable",
    "insufficient_funds": "insufficient_funds",
    "invalid_charge_amount_no_decimal_compatible": "amount_not_whole",
    "payment_intent_unexpected_state": "charge_not_captured",
    "refund_disputed_payment": "charge_disputed",
    "resource_missing": "unknown_charge",
}
_MOST_RETRY_AFTER_S = 3600.0


@dataclass(eq=False, slots=True)
class StripeFailure(Exception):
    """A call that gave nothing usable. `status` 0: no answer. `shaped`: the body was an error as Stripe writes them."""

    status: int = 0
    code: str = ""
    type: str = ""
    param: str = ""
    shaped: bool = False
    sent: bool = True
    retry_after_s: float | None = None

    @property
    def unknown_object(self) -> bool:
        """Stripe itself says that there is no such thing."""
        return self.shaped and self.status == 404


def as_provider_error(failure: StripeFailure) -> ProviderError:
    """The port's error for this failure."""
    if failure.status in {401, 403} or (failure.shaped and failure.code in _KEY_TROUBLE):
        return ProviderError("misconfigured", "key_refused")
    if failure.status == 429 or failure.code in {"lock_timeout", "rate_limit"}:
        return ProviderError("not_now", "busy", retry_after_s=failure.retry_after_s)
    if not failure.sent:
        return ProviderError("not_now", "unreachable")
    if failure.status == 409:
        return ProviderError("unknown", "under_way")
    if failure.shaped and failure.type == "idempotency_error":
        return ProviderError("unknown", "order_changed")
    if failure.shaped and failure.status in {400, 402, 404, 422}:
        return ProviderError("refused", _refusal(failure))
    return ProviderError("unknown")


def seconds(header: str | None) -> float | None:
    """Retry-After in seconds, at most an hour; Stripe sends no dates."""
    if header is None or not header.isascii() or not header.isdecimal():
        return None
    return min(float(header[:9]), _MOST_RETRY_AFTER_S)


def _refusal(failure: StripeFailure) -> str:
    if failure.code in _REFUSALS:
        return _REFUSALS[failure.code]
    if failure.status == 404:
        return "unknown_charge"
    # More than is left of a charge has no code of its own, only the name of the field.
    return "amount_too_large" if failure.param == "amount" else "rejected"
