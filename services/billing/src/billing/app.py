"""The composition root of billing: `create` from the environment, `build` with what a test passes in."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import APIRouter, FastAPI

from billing.backends.port import OpenBackend
from billing.backends.postgres import PostgresInvoices
from billing.handlers import BillingTools
from billing.links import InvoiceLinks
from billing.pdf import Letterhead
from billing.people import REFUNDS_SAID, people_of
from billing.providers.ledger import LedgerProvider
from billing.providers.port import ProviderRefund, RefundProvider
from billing.providers.registry import OpenProvider, Providers
from billing.providers.stripe_factory import stripe_from, stripe_webhooks_from
from billing.receipts.links import ReceiptLinks
from billing.receipts.routes import Receipts, receipts_router
from billing.receipts.signing import load_receipt_keys
from billing.refunds.assess import Assessor
from billing.refunds.desk import RefundDesk
from billing.refunds.numbers import NUMBERS
from billing.refunds.policy import load_policy
from billing.refunds.reconciler import Reconciler
from billing.refunds.settle import settle
from billing.refunds.tools import RefundTools
from billing.refunds.views import RefundViews
from billing.retention import retention
from billing.review.routes import review_router
from billing.routes import files_router, tools_router
from billing.settings import Settings
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


def build(
    settings: Settings,
    *,
    kit_factory: KitFactory | None = None,
    open_backend: OpenBackend = PostgresInvoices,
    open_providers: Mapping[str, OpenProvider] | None = None,
) -> FastAPI:
    """The app over a backend and providers; `kit_factory` replaces what is opened at start-up."""
    master = open_keys(settings.master_key_file, SystemClock())
    keys = SubjectKeys(master)
    public_url, secret = settings.public_url.rstrip("/"), settings.link_secret.get_secret_value().encode()
    invoices = BillingTools(open_backend, InvoiceLinks(public_url, secret), _letterhead(settings))
    links = ReceiptLinks(public_url, secret)
    desk = _desk(settings, Providers(open_providers or _providers(settings), settings.refund_provider))

    @asynccontextmanager
    async def startup(kit: Kit, app: FastAPI) -> AsyncIterator[None]:
        app.state.reconciler = reconciler = Reconciler(desk, kit)
        sealing = ClearRows(kit.db, keys, (REFUNDS_SAID,), {})
        master.counted(kit.metrics)
        async with sealing.running(), desk.providers.opened(kit), reconciler.running(settings.refund_reconcile_every_s):
            yield

    receipts = Receipts(links, load_receipt_keys(settings.receipt_keys), settings.shop_name)
    return create_app(
        settings=settings,
        title="Billing",
        routers=[
            tools_router(invoices, RefundTools(desk, RefundViews(links), keys)),
            files_router(invoices),
            receipts_router(receipts),
            review_router(desk.assessor.policy),
            privacy_router(people_of(keys)),
            *_webhooks(settings),
        ],
        kit_factory=kit_factory,
        startup=startup,
        numbers=NUMBERS,
        tables=retention(settings),
    )


def _desk(settings: Settings, providers: Providers) -> RefundDesk:
    policy = load_policy(settings.refund_policy_file, auto_up_to_minor=settings.refund_auto_up_to_minor)
    return RefundDesk(
        assessor=Assessor(policy, providers),
        providers=providers,
        expires_after=timedelta(seconds=settings.refund_expires_s),
        patience=timedelta(seconds=settings.refund_patience_s),
    )


def _providers(settings: Settings) -> dict[str, OpenProvider]:
    openers: dict[str, OpenProvider] = {LedgerProvider.name: lambda kit: LedgerProvider(kit.db)}
    if settings.stripe_key.get_secret_value():
        openers["stripe"] = lambda _: _stripe(settings)
    return openers


def _stripe(settings: Settings) -> RefundProvider:
    return stripe_from(settings.stripe_key, api_base=settings.stripe_api_base, timeout_s=settings.stripe_timeout_s)


def _webhooks(settings: Settings) -> list[APIRouter]:
    if not settings.stripe_webhook_secret.get_secret_value():
        return []

    async def heard(kit: Kit, refund_request_id: str, found: ProviderRefund) -> None:
        await settle(kit, refund_request_id, found)

    return [stripe_webhooks_from(settings.stripe_webhook_secret, heard)]


def _letterhead(settings: Settings) -> Letterhead:
    return Letterhead(
        name=settings.shop_name,
        address=tuple(line.strip() for line in settings.shop_address.split(",")),
        email=settings.shop_email,
    )
