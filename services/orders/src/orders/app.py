"""The composition root of orders: `create` from the environment, `build` with what a test passes in."""

from fastapi import FastAPI

from orders.backends.port import OpenBackend
from orders.backends.postgres import PostgresOrders
from orders.handlers import OrderTools
from orders.routes import tools_router
from orders.settings import Settings
from servicekit.app import KitFactory, create_app


def create() -> FastAPI:
    """The app as the environment says."""
    return build(Settings())


def build(
    settings: Settings, *, kit_factory: KitFactory | None = None, open_backend: OpenBackend = PostgresOrders
) -> FastAPI:
    """The app over a backend; `kit_factory` replaces what is opened at start-up."""
    tools = OrderTools(open_backend)
    return create_app(settings=settings, title="Orders", routers=[tools_router(tools)], kit_factory=kit_factory)
