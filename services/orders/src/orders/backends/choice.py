"""Which backend the settings name, made of what a running service holds."""

from base64 import b64encode
from functools import partial
from typing import assert_never

from pydantic import SecretStr

from orders.backends.port import OpenBackend
from orders.backends.postgres import PostgresOrders
from orders.backends.remote import RemoteOrders
from orders.backends.shopify import Shopify
from orders.backends.shopify_api import ShopifyApi
from orders.backends.shopify_budget import CostBudget
from orders.backends.shopify_token import ClientCredentials
from orders.backends.woocommerce import WooCommerce
from orders.settings import Settings
from servicekit.clock import Clock
from servicekit.http.client import HttpPort
from servicekit.http.remote import FixedHeaders, RemoteApi
from servicekit.sealing.subjects import SubjectKeys

_NONE = SecretStr("")


def backend_of(settings: Settings, http: HttpPort, clock: Clock, keys: SubjectKeys) -> OpenBackend:
    """The backend that the settings name; the client of a shop is made once and shared by all requests."""
    match settings.orders_backend:
        case "postgres":
            return partial(PostgresOrders, keys=keys)
        case "woocommerce":
            return partial(RemoteOrders, _woocommerce(settings, http), settings.woocommerce_customer_prefix)
        case "shopify":
            return partial(RemoteOrders, _shopify(settings, http, clock), settings.shopify_customer_prefix)
        case other:
            assert_never(other)


def _woocommerce(settings: Settings, http: HttpPort) -> WooCommerce:
    secret = (settings.woocommerce_secret or _NONE).get_secret_value()
    basic = b64encode(f"{settings.woocommerce_key}:{secret}".encode()).decode()
    api = RemoteApi(
        "woocommerce",
        settings.woocommerce_url or "",
        http,
        FixedHeaders({"authorization": f"Basic {basic}"}),
        settings.shop_timeout_s,
    )
    return WooCommerce(api, settings.woocommerce_statuses)


def _shopify(settings: Settings, http: HttpPort, clock: Clock) -> Shopify:
    url, timeout_s = settings.shopify_url or "", settings.shop_timeout_s
    authority = ClientCredentials(
        url, http, settings.shopify_client_id or "", settings.shopify_client_secret or _NONE, clock, timeout_s=timeout_s
    )
    api = RemoteApi("shopify", url, http, authority, timeout_s)
    return Shopify(ShopifyApi(api, settings.shopify_api_version, CostBudget(clock)), settings.shopify_order_prefix)
