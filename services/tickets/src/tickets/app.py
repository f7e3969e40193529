"""The composition root of tickets: `create` from the environment, `build` with what a test passes in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from servicekit.app import KitFactory, create_app
from servicekit.clock import SystemClock
from servicekit.context import Kit
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.logging import get_logger
from servicekit.privacy import Finder
from servicekit.sealing.keyfile import open_keys
from servicekit.sealing.routes import privacy_router
from servicekit.sealing.subjects import SubjectKeys
from tickets.backends.port import OpenBackend
from tickets.backends.postgres import PostgresTickets
from tickets.backends.zendesk import ZendeskTickets
from tickets.clear_rows import clear_rows
from tickets.drafts import Drafts
from tickets.handlers import TicketTools
from tickets.notices import EmailTool, SlackTool
from tickets.outbox.numbers import NUMBERS
from tickets.outbox.routes import mails_router
from tickets.outbox.running import senders
from tickets.outbox.sender import Pace
from tickets.parts import deliveries, staff_notices, uses_api_token, zendesk_desk, zendesk_erasing, zendesk_resolved
from tickets.people import people_of
from tickets.policy import SlaPolicy, load_policy
from tickets.remote import RemoteSteps
from tickets.resolved.masking import Masking
from tickets.resolved.port import ResolvedTickets
from tickets.resolved.postgres import PostgresResolved
from tickets.resolved.routes import resolved_router
from tickets.retention import retention
from tickets.routes import tools_router
from tickets.settings import Settings
from tickets.sla_sweeper import SlaSweeper


def create() -> FastAPI:
    """The app as the environment says."""
    return build(Settings())


def build(
    settings: Settings,
    *,
    kit_factory: KitFactory | None = None,
    open_backend: OpenBackend | None = None,
    policy: SlaPolicy | None = None,
) -> FastAPI:
    """The app over a backend and a policy; `kit_factory` replaces what is opened at start-up."""
    master = open_keys(settings.master_key_file, SystemClock())
    keys = SubjectKeys(master)
    http, policy = AiohttpClient(), policy or load_policy()
    finder = Finder.load()
    mask = Masking(finder)
    drafts, notices = Drafts(policy, keys), staff_notices(settings, policy.timezone, keys, finder)
    remote = None
    resolved: ResolvedTickets = PostgresResolved(mask)
    people = people_of(keys)
    if open_backend is None and settings.tickets_backend == "zendesk":
        open_backend = partial(ZendeskTickets, keys=keys)
        remote = RemoteSteps(zendesk_desk(settings, http, SystemClock()), drafts)
        resolved = zendesk_resolved(settings, http, SystemClock(), mask)
        people = people_of(keys, zendesk_erasing(settings, http, SystemClock()))
    open_backend = open_backend or partial(PostgresTickets, prefix=settings.ticket_prefix, keys=keys)
    tools = TicketTools(open=open_backend, drafts=drafts, notices=notices)
    router = tools_router(
        tools,
        remote=remote,
        email=EmailTool(keys) if settings.smtp_host else None,
        slack=SlackTool(settings.slack_channel_map, keys) if settings.slack_bot_token.get_secret_value() else None,
    )

    @asynccontextmanager
    async def startup(kit: Kit, app: FastAPI) -> AsyncIterator[None]:
        if uses_api_token(settings):
            get_logger().warning("Zendesk ends API tokens on 30 April 2027: set AIGUY_ZENDESK_CLIENT_ID and its secret")
            kit.metrics.counter(
                "aiguy_deprecated_settings_total", "Starts with a setting that will go away.", ("setting",)
            ).labels("zendesk_api_token").inc()
        pace = Pace(tries=settings.outbox_tries, poll_s=settings.outbox_poll_s)
        sweeper = SlaSweeper(kit, notices, keys)
        master.counted(kit.metrics)
        app.state.sealing = sealing = clear_rows(kit.db, keys, mask)
        try:
            async with (
                sealing.running(),
                senders(kit, deliveries(settings, http, kit.clock), pace, keys),
                sweeper.running(settings.tickets_sla_every_s),
            ):
                yield
        finally:
            await http.close()

    return create_app(
        settings=settings,
        title="Tickets",
        routers=[router, resolved_router(resolved, keys, mask), mails_router(), privacy_router(people)],
        kit_factory=kit_factory,
        startup=startup,
        numbers=NUMBERS,
        tables=retention(settings),
    )
