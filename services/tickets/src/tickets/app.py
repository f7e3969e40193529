"""The composition root of tickets: `create` from the environment, `build` with what a test passes in."""

from functools import partial

from fastapi import FastAPI

from servicekit.app import KitFactory, create_app
from tickets.backends.port import OpenBackend
from tickets.backends.postgres import PostgresTickets
from tickets.handlers import TicketTools
from tickets.policy import SlaPolicy, load_policy
from tickets.routes import tools_router
from tickets.settings import Settings


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
    tools = TicketTools(
        open=open_backend or partial(PostgresTickets, prefix=settings.ticket_prefix), policy=policy or load_policy()
    )
    return create_app(settings=settings, title="Tickets", routers=[tools_router(tools)], kit_factory=kit_factory)
