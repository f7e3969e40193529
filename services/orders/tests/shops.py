"""The shop systems, served: each with the demo shop's orders, a door for faults, and the settings that lead to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from fastapi import FastAPI
from pydantic import SecretStr

from orders.settings import Settings
from servicekit.testing import FakeClock
from servicekit.testing.faulty import Faults
from servicekit.testing.live import live_server

from . import fake_shopify, fake_woocommerce
from .fake_shopify import FakeShopify
from .fake_woocommerce import FakeWooCommerce
from .shop_data import seeded_orders

WEBHOOK_SECRET = "whsec-test"
#: A shop that answers may take its time on a busy machine; one that does not answer is waited for this long, in tests.
PATIENCE_S, TIMEOUT_S = 10.0, 2.0


@dataclass(frozen=True, slots=True)
class ShopServer:
    """A running shop. `prefix` is that of its customers' subjects."""

    system: str
    webhook_secret: str
    fake: Any
    faults: Faults
    prefix: str
    changed: Mapping[str, Any]

    @property
    def ada(self) -> str:
        """The subject of the customer who has ABC123 and 1234."""
        return f"{self.prefix}26"

    @property
    def ben(self) -> str:
        """The subject of the customer who has XYZ789 and 5678."""
        return f"{self.prefix}31"

    def settings(self, base: Settings, patience_s: float = PATIENCE_S) -> Settings:
        """The settings with this shop as the backend."""
        return base.model_copy(update={**self.changed, "shop_timeout_s": patience_s})

    def notes(self, number: str) -> str:
        """All notes on an order."""
        noted: str | list[str] = self.fake.noted(number)
        return noted if isinstance(noted, str) else "\n".join(noted)


@contextmanager
def serve_woocommerce(clock: FakeClock) -> Iterator[ShopServer]:
    """WooCommerce."""
    fake = FakeWooCommerce.seeded(seeded_orders(clock.now()), clock.now())
    faults = Faults(fake.app())
    with live_server(cast(FastAPI, faults)) as url:
        yield ShopServer("woocommerce", WEBHOOK_SECRET, fake, faults, "wp_", {
            "orders_backend": "woocommerce",
            "woocommerce_url": url,
            "woocommerce_key": fake_woocommerce.KEY,
            "woocommerce_secret": SecretStr(fake_woocommerce.SECRET),
            "woocommerce_webhook_secret": SecretStr(WEBHOOK_SECRET),
        })  # fmt: skip


@contextmanager
def serve_shopify(clock: FakeClock) -> Iterator[ShopServer]:
    """Shopify."""
    fake = FakeShopify.seeded(seeded_orders(clock.now()))
    faults = Faults(fake.app())
    with live_server(cast(FastAPI, faults)) as url:
        yield ShopServer("shopify", fake_shopify.SECRET, fake, faults, "shopify_", {
            "orders_backend": "shopify",
            "shopify_url": url,
            "shopify_client_id": fake_shopify.CLIENT_ID,
            "shopify_client_secret": SecretStr(fake_shopify.SECRET),
        })  # fmt: skip
