"""The composition root of orders: `create` from the environment, `build` with what a test passes in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import assert_never

from fastapi import APIRouter, FastAPI
from pydantic import SecretStr

from orders.backends.choice import backend_of
from orders.backends.postgres import PostgresOrders
from orders.handlers import OrderTools
from orders.people import ORDER_NOTES, people_of
from orders.retention import retention
from orders.routes import tools_router
from orders.settings import Settings
from orders.webhooks.messages import SHOPIFY, WOOCOMMERCE
from orders.webhooks.routes import MAX_BODY_BYTES, PREFIX, webhook_routes
from servicekit.app import KitFactory, create_app
from servicekit.clock import SystemClock
from servicekit.context import Kit
from servicekit.sealing.clear import ClearRows
from servicekit.sealing.keyfile import open_keys
from servicekit.sealing.routes import privacy_router
from servicekit.sealing.subjects import SubjectKeys


def create() -> FastAPI:
    """The app as the environment says."""
    return build(Settings())


def build(settings: Settings, *, kit_factory: KitFactory | None = None) -> FastAPI:
    """The app over the backend that the settings name; `kit_factory` replaces what is opened at start-up."""
    master = open_keys(settings.master_key_file, SystemClock())
    keys = SubjectKeys(master)
    tools = OrderTools(partial(PostgresOrders, keys=keys), remote=settings.orders_backend != "postgres")

    @asynccontextmanager
    async def startup(kit: Kit, _: FastAPI) -> AsyncIterator[None]:
        # A shop system is spoken to over the kit's pool of connections.
        tools.open = backend_of(settings, kit.http, kit.clock, keys)
        master.counted(kit.metrics)
        async with ClearRows(kit.db, keys, (ORDER_NOTES,), {}).running():
            yield

    return create_app(
        settings=settings,
        title="Orders",
        routers=[tools_router(tools), privacy_router(people_of(keys)), *_webhooks(settings)],
        kit_factory=kit_factory,
        startup=startup,
        body_limits={PREFIX: MAX_BODY_BYTES},
        tables=retention(settings),
    )


def _webhooks(settings: Settings) -> list[APIRouter]:
    """The route for what the shop tells, when there is a secret to know the shop by."""
    secret: SecretStr | None
    match settings.orders_backend:
        case "postgres":
            return []
        case "woocommerce":
            sender, secret = WOOCOMMERCE, settings.woocommerce_webhook_secret
        case "shopify":
            # Shopify signs with the secret of the app that asked for the webhook.
            sender, secret = SHOPIFY, settings.shopify_client_secret
        case other:
            assert_never(other)
    return [webhook_routes(sender, secret.get_secret_value())] if secret else []
