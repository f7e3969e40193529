"""The signed messages of the shop systems, as news of an order. Pure: no headers but the signature are believed.

https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks
https://shopify.dev/docs/apps/build/webhooks/verify-deliveries
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from orders.backends.woocommerce_orders import utc


@dataclass(frozen=True, slots=True)
class Sender:
    """One system: where it puts the signature and the delivery's id, and when a body says its order was changed."""

    system: str
    signature_header: str
    delivery_header: str
    changed_at: Callable[[Mapping[str, Any]], datetime]


@dataclass(frozen=True, slots=True)
class News:
    """An order was changed: `ref` is the shop's own id of it."""

    ref: str
    changed_at: datetime


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the signature is the base64 of the body's HMAC-SHA256. An empty secret signs nothing."""
    return bool(secret) and hmac.compare_digest(signature.encode(), signature_of(body, secret).encode())


def signature_of(body: bytes, secret: str) -> str:
    """Base64 of the body's HMAC-SHA256: both systems sign so."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def delivery_of(body: bytes, delivery_id: str) -> str:
    """What a delivery is known by. WooCommerce makes its ids of the second, so that those of two messages may be the
    same: the body is part of it.
    """
    return hashlib.sha256(delivery_id.encode() + b"\x00" + body).hexdigest()


def news_of(body: bytes, sender: Sender) -> News | None:
    """The news; None for a body that is none, such as that of an order that was deleted: it has an id only."""
    try:
        order = orjson.loads(body)
        return News(f"{order['id']:d}", sender.changed_at(order))
    except (ValueError, KeyError, TypeError):
        return None


def _aware(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


WOOCOMMERCE = Sender(
    "woocommerce",
    "x-wc-webhook-signature",
    "x-wc-webhook-delivery-id",
    lambda order: utc(order["date_modified_gmt"]),
)
SHOPIFY = Sender(
    "shopify", "x-shopify-hmac-sha256", "x-shopify-webhook-id", lambda order: _aware(order["updated_at"])
)  # fmt: skip
