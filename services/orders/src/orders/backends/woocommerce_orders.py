"""WooCommerce's JSON of an order as the contract's models. All functions raise ValueError, KeyError or TypeError for
what is not as documented.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from contracts.tools.orders import OrderItem, OrderStatus, OrderStatusView, OrderView
from orders.backends.remote import web_link
from orders.money import money, unit_price

_ORDER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,31}")
#: `on-hold` awaits the payment, `failed` lacks it: both can still be paid. `completed` says that the shop's part is
#: done; that the parcel has arrived, only a status of a plugin says.
_CORE = {
    "pending": OrderStatus.PENDING_PAYMENT, "on-hold": OrderStatus.PENDING_PAYMENT,
    "failed": OrderStatus.PENDING_PAYMENT, "processing": OrderStatus.PROCESSING, "completed": OrderStatus.SHIPPED,
    "cancelled": OrderStatus.CANCELLED, "refunded": OrderStatus.REFUNDED,
    "shipped": OrderStatus.SHIPPED, "delivered": OrderStatus.DELIVERED, "returned": OrderStatus.RETURNED,
}  # fmt: skip
#: No orders (any more) for those who placed them.
HIDDEN = frozenset({"trash", "auto-draft", "checkout-draft"})
_TRACKING = "_wc_shipment_tracking_items"


def shown_id(order: Mapping[str, Any]) -> str:
    """The number that the customer knows; the shop's own id where that number is none that our contract takes.

    Short numbers get zeros in front: order 7 is `007`.
    """
    number = str(order["number"])
    if number.isdigit():
        return number.zfill(3)
    return number if _ORDER_ID.fullmatch(number) else str(order["id"]).zfill(3)


def status_of(order: Mapping[str, Any], statuses: Mapping[str, OrderStatus]) -> OrderStatusView:
    """Where the order is."""
    return OrderStatusView(**_status_fields(order, statuses))


def order_of(order: Mapping[str, Any], statuses: Mapping[str, OrderStatus]) -> OrderView:
    """The order with its lines."""
    currency, address = order["currency"], order["shipping"]
    if not address.get("city"):
        address = order["billing"]
    with_tax = order["prices_include_tax"]
    return OrderView(
        **_status_fields(order, statuses),
        items=tuple(_item(line, currency, with_tax=with_tax) for line in order["line_items"] if line["quantity"] > 0),
        total=money(order["total"], currency),
        ship_to=", ".join(part for part in (address.get("city"), address.get("country")) if part),
    )


def utc(text: str) -> datetime:
    """A time of the fields that end in `_gmt`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _status_fields(order: Mapping[str, Any], statuses: Mapping[str, OrderStatus]) -> dict[str, Any]:
    status: str = order["status"]
    carrier, link = _shipment(order)
    return {
        "order_id": shown_id(order),
        # A plugin's status that nobody has explained to us: somebody works on it.
        "status": statuses.get(status) or _CORE.get(status, OrderStatus.PROCESSING),
        "placed_at": utc(order["date_created_gmt"]),
        "updated_at": utc(order["date_modified_gmt"] or order["date_created_gmt"]),
        "carrier": carrier,
        "tracking_url": link,
    }


def _item(line: Mapping[str, Any], currency: str, *, with_tax: bool) -> OrderItem:
    """Prices as the shop shows them: with the tax where its prices include it, before discounts."""
    tax = line["subtotal_tax"] if with_tax else "0"
    price = unit_price(line["subtotal"], tax or "0", line["quantity"], currency)
    return OrderItem(sku=line["sku"] or "", name=line["name"], quantity=line["quantity"], unit_price=price)


def _shipment(order: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Carrier and link of the newest parcel, from the meta data of the plugins for shipment tracking."""
    parcels = next((meta["value"] for meta in order["meta_data"] if meta["key"] == _TRACKING), None)
    if not isinstance(parcels, list) or not parcels:
        return None, None
    parcel = parcels[-1]
    carrier = parcel.get("custom_tracking_provider") or parcel.get("tracking_provider") or None
    link = parcel.get("custom_tracking_link") or parcel.get("formatted_tracking_link") or ""
    return carrier, web_link(link.replace("%1$s", str(parcel.get("tracking_number", ""))))
