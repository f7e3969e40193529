"""Shopify's JSON of an order as the contract's models. All functions raise ValueError, KeyError or TypeError for what
is not as documented.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.money import Money
from contracts.tools.orders import OrderItem, OrderStatus, OrderStatusView, OrderView
from orders.backends.remote import web_link
from orders.money import money

_ARRIVED = frozenset({"DELIVERED", "PICKED_UP"})
#: Parcels that never were.
_VOID = frozenset({"CANCELED", "LABEL_VOIDED", "FAILURE"})
_UNPAID = frozenset({"PENDING", "PARTIALLY_PAID", "EXPIRED"})


def shown_id(order: Mapping[str, Any], name_prefix: str) -> str:
    """The number that the customer knows: `#1001` is 1001."""
    return str(order["name"]).removeprefix(name_prefix)


def status_of(order: Mapping[str, Any], name_prefix: str) -> OrderStatusView:
    """Where the order is."""
    return OrderStatusView(**_status_fields(order, name_prefix))


def order_of(order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], name_prefix: str) -> OrderView:
    """The order with its lines, in the currency in which the customer bought; prices are those before discounts."""
    address = order["shippingAddress"] or {}
    return OrderView(
        **_status_fields(order, name_prefix),
        items=tuple(_item(line) for line in lines if line["quantity"] > 0),
        total=_money(order["totalPriceSet"]),
        ship_to=", ".join(part for part in (address.get("city"), address.get("country")) if part),
    )


def _status_fields(order: Mapping[str, Any], name_prefix: str) -> dict[str, Any]:
    parcels = [one for one in order["fulfillments"] if one["displayStatus"] not in _VOID]
    newest = parcels[-1] if parcels else None
    tracking = (newest["trackingInfo"] or [{}])[0] if newest else {}
    return {
        "order_id": shown_id(order, name_prefix),
        "status": _status(order, parcels),
        "placed_at": datetime.fromisoformat(order["createdAt"]),
        "updated_at": datetime.fromisoformat(order["updatedAt"]),
        "carrier": tracking.get("company") or None,
        "tracking_url": web_link(tracking.get("url")),
        "eta": _time(newest["estimatedDeliveryAt"]) if newest else None,
    }


def _status(order: Mapping[str, Any], parcels: Sequence[Mapping[str, Any]]) -> OrderStatus:
    """The first that holds, from what ends an order to how it begins.

    Shopify's own `returnStatus` is not asked: it says RETURNED of orders of which some items were.
    """
    paid = order["displayFinancialStatus"]
    if order["cancelledAt"] is not None or paid == "VOIDED":
        return OrderStatus.CANCELLED
    if paid == "REFUNDED":
        return OrderStatus.REFUNDED
    if order["displayFulfillmentStatus"] == "FULFILLED":
        arrived = bool(parcels) and all(parcel["displayStatus"] in _ARRIVED for parcel in parcels)
        return OrderStatus.DELIVERED if arrived else OrderStatus.SHIPPED
    return OrderStatus.PENDING_PAYMENT if paid in _UNPAID else OrderStatus.PROCESSING


def _item(line: Mapping[str, Any]) -> OrderItem:
    price = _money(line["originalUnitPriceSet"])
    return OrderItem(sku=line["sku"] or "", name=line["name"], quantity=line["quantity"], unit_price=price)


def _money(bag: Mapping[str, Any]) -> Money:
    found = bag["presentmentMoney"]
    return money(found["amount"], found["currencyCode"])


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
