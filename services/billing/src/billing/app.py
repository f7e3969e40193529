"""The composition root of billing: `create` from the environment, `build` with what a test passes in."""

from fastapi import FastAPI

from billing.backends.port import OpenBackend
from billing.backends.postgres import PostgresInvoices
from billing.handlers import BillingTools
from billing.links import InvoiceLinks
from billing.pdf import Letterhead
from billing.routes import files_router, tools_router
from billing.settings import Settings
from servicekit.app import KitFactory, create_app


def create() -> FastAPI:
    """The app as the environment says."""
    return build(Settings())


def build(
    settings: Settings, *, kit_factory: KitFactory | None = None, open_backend: OpenBackend = PostgresInvoices
) -> FastAPI:
    """The app over a backend; `kit_factory` replaces what is opened at start-up."""
    tools = BillingTools(
        open=open_backend,
        links=InvoiceLinks(settings.public_url.rstrip("/"), settings.link_secret.get_secret_value().encode()),
        letterhead=Letterhead(
            name=settings.shop_name,
            address=tuple(line.strip() for line in settings.shop_address.split(",")),
            email=settings.shop_email,
        ),
    )
    return create_app(
        settings=settings,
        title="Billing",
        routers=[tools_router(tools), files_router(tools)],
        kit_factory=kit_factory,
    )
