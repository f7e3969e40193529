"""Refunds by Stripe. Two things make an order one effect: the idempotency key, which Stripe forgets after a day, and
our id in the refund's metadata, which is looked for before each order and never forgotten.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from billing.providers.port import GivenBack, ProviderError, ProviderRefund, ProviderState, RefundOrder
from billing.providers.stripe_errors import StripeFailure, as_provider_error
from billing.providers.stripe_objects import OTHER_UNIT, OUR_ID, our_id, read_refund
from servicekit.logging import get_logger

_PAGE = 100
_MOST_PAGES = 10


class StripeCalls(Protocol):
    """The calls of Stripe's API that are used here. All raise StripeFailure."""

    async def create_refund(self, fields: Mapping[str, Any], idempotency_key: str) -> Mapping[str, Any]:
        """`POST /v1/refunds`: the refund object."""
        ...

    async def list_refunds(self, query: Mapping[str, Any]) -> Mapping[str, Any]:
        """`GET /v1/refunds`: one page, newest first."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


class StripeRefunds:
    """A `RefundProvider`. `order.charge` is a charge (`ch_…`, `py_…`) or a payment intent (`pi_…`)."""

    name = "stripe"

    def __init__(self, calls: StripeCalls) -> None:
        self._calls = calls

    async def refund(self, order: RefundOrder) -> ProviderRefund:
        """Carry it out, or say what became of the same order before. Raises ProviderError."""
        if order.amount.currency in OTHER_UNIT:
            raise ProviderError("refused", "currency_not_supported")
        known = await self._find(order)
        if known is not None:
            if known.amount != order.amount:
                raise _differs(order, known, ProviderError("refused", "order_changed"))
            return known
        fields = {
            **_charge(order),
            "amount": order.amount.amount_minor,
            "metadata": {**order.metadata, OUR_ID: order.refund_request_id},
        }
        failure: StripeFailure | None = None
        answer: Mapping[str, Any] = {}
        try:
            answer = await self._calls.create_refund(fields, order.refund_request_id)
        except StripeFailure as failed:
            failure = failed
        if failure is not None:
            raise _told(order, failure, as_provider_error(failure))
        return _as_ordered(order, answer)

    async def find(self, order: RefundOrder) -> ProviderRefund | None:
        """What became of this order; None when Stripe has never heard of it. Raises ProviderError, never "refused"."""
        known = None if order.amount.currency in OTHER_UNIT else await self._find(order)
        if known is not None and known.amount != order.amount:
            raise _differs(order, known, ProviderError("unknown", "order_changed"))
        return known

    async def given_since(self, since: datetime) -> list[GivenBack]:
        """Every refund of ours that was made since then and has not failed. Raises ProviderError."""
        query: dict[str, Any] = {"created": {"gte": int(since.timestamp())}, "limit": _PAGE}
        found: list[GivenBack] = []
        while True:
            page = await self._listed(query)
            refunds = [one for one in page["data"] if isinstance(one, Mapping)]
            found += [given for one in refunds if (given := _given(one)) is not None]
            if page.get("has_more") is not True:
                return found
            if not refunds or not isinstance(last := refunds[-1].get("id"), str) or query.get("starting_after") == last:
                raise ProviderError("unknown", "list_unreadable")
            query["starting_after"] = last

    async def _listed(self, query: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            page = await self._calls.list_refunds(query)
        except StripeFailure as failed:
            raise as_provider_error(failed) from None
        if not isinstance(page.get("data"), list):
            raise ProviderError("unknown", "list_unreadable")
        return page

    async def close(self) -> None:
        """Lets go of connections."""
        await self._calls.close()

    async def _find(self, order: RefundOrder) -> ProviderRefund | None:
        query: dict[str, Any] = {**_charge(order), "limit": _PAGE}
        for _ in range(_MOST_PAGES):
            page = await self._page(order, query)
            if page is None:
                return None
            refunds = [one for one in page["data"] if isinstance(one, Mapping)]
            for one in refunds:
                if our_id(one) == order.refund_request_id:
                    return _readable(one)
            if page.get("has_more") is not True:
                return None
            if not refunds or not isinstance(last := refunds[-1].get("id"), str):
                break
            query["starting_after"] = last
        # So many that ours may be behind them, or pages that lead nowhere: nothing can be said.
        raise ProviderError("unknown", "list_unreadable")

    async def _page(self, order: RefundOrder, query: Mapping[str, Any]) -> Mapping[str, Any] | None:
        failure: StripeFailure | None = None
        page: Mapping[str, Any] = {}
        try:
            page = await self._calls.list_refunds(query)
        except StripeFailure as failed:
            failure = failed
        if failure is None:
            if not isinstance(page.get("data"), list):
                raise ProviderError("unknown", "list_unreadable")
            return page
        if failure.unknown_object:
            return None
        error = as_provider_error(failure)
        # That a question was refused says nothing of an order that may have been carried out before.
        raise _told(order, failure, ProviderError("unknown", error.reason) if error.kind == "refused" else error)


def _charge(order: RefundOrder) -> dict[str, str]:
    return {"payment_intent" if order.charge.startswith("pi_") else "charge": order.charge}


def _given(values: Mapping[str, Any]) -> GivenBack | None:
    """None when it is none of ours, or gave nothing back. One of ours that cannot be read is an error: money moved."""
    if (ours := our_id(values)) is None:
        return None
    refund = _readable(values)
    if refund.state is ProviderState.FAILED:
        return None
    ids = (values.get("charge"), values.get("payment_intent"))
    return GivenBack(ours, tuple(one for one in ids if isinstance(one, str)), refund)


def _as_ordered(order: RefundOrder, answer: Mapping[str, Any]) -> ProviderRefund:
    done = _readable(answer)
    if done.amount != order.amount:
        raise _differs(order, done, ProviderError("unknown", "answer_differs"))
    return done


def _readable(values: Mapping[str, Any]) -> ProviderRefund:
    refund: ProviderRefund | None
    try:
        refund = read_refund(values)
    except ValueError:
        refund = None
    if refund is None:
        raise ProviderError("unknown", "answer_unreadable")
    return refund


def _differs(order: RefundOrder, found: ProviderRefund, error: ProviderError) -> ProviderError:
    get_logger().error(
        "stripe has another amount under this refund",
        refund_request_id=order.refund_request_id, provider_id=found.provider_id,
        ordered=str(order.amount), found=str(found.amount),
    )  # fmt: skip
    return error


def _told(order: RefundOrder, failure: StripeFailure, error: ProviderError) -> ProviderError:
    # Nobody but our operators can mend a refused key.
    level = get_logger().error if error.kind == "misconfigured" else get_logger().warning
    level(
        "stripe did not settle a refund",
        refund_request_id=order.refund_request_id, kind=error.kind, reason=error.reason, status=failure.status,
    )  # fmt: skip
    return error
