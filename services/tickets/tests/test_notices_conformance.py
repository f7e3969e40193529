"""The tools that send messages keep what every tool promises; called as the orchestrator calls, for a known address."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from fastapi import FastAPI

from contracts.registry import AnyContract
from contracts.tools.tickets import EMAIL_ANSWER, SEND_EMAIL, SLACK_POST_MESSAGE
from servicekit.app import KitFactory
from servicekit.testing import FakeClock
from servicekit.testing.conformance import ToolCase, ToolConformance, WriteConformance
from servicekit.testing.tool_client import ADA, As, ToolClient, tool_service
from tickets.app import build
from tickets.settings import Settings

pytestmark = pytest.mark.service

EMAIL = ToolCase(
    SEND_EMAIL,
    {"subject": "Your order", "body": "It is on its way."},
    {"subject": "Your order", "body": "It is not on its way."},
    counted="SELECT count(*) FROM outbox WHERE kind = 'email'",
    secrets=("cust_ada@example.org", "C0123ABCD"),
)
ANSWER = ToolCase(
    EMAIL_ANSWER,
    {"subject": "The answer to your message", "body": "It is on its way."},
    {"subject": "The answer to your message", "body": "It is not on its way."},
    counted="SELECT count(*) FROM outbox WHERE kind = 'email'",
    secrets=("cust_ada@example.org", "C0123ABCD"),
)
SLACK = ToolCase(
    SLACK_POST_MESSAGE,
    {"channel": "#support", "text": "Ada waits."},
    {"channel": "#support", "text": "Ada still waits."},
    counted="SELECT count(*) FROM outbox WHERE kind = 'slack'",
    secrets=("C0123ABCD",),
)


@dataclass(slots=True)
class OrchestratorClient(ToolClient):
    """Its tokens name the orchestrator as who acts, and the customer's address."""

    def headers_for(self, contract: AnyContract, who: As = ADA) -> dict[str, str]:
        """See `ToolClient`."""
        return self.issuer.bearer(
            who.audience or contract.family.value, contract.scope if who.scopes is None else who.scopes,
            subject=who.subject, role=who.role, conversation_id=who.conversation_id,
            actor="orchestrator", email=f"{who.subject}@example.org",
        )  # fmt: skip


def app_of(settings: Settings, more: dict[str, object], kit: KitFactory) -> FastAPI:
    """The service with both ways out, which lead nowhere."""
    ways = {
        "smtp_host": "127.0.0.1", "smtp_port": 9, "mail_from": "support@shop.example",
        "slack_bot_token": "xoxb-made-up", "slack_channels": "support=C0123ABCD",
        "slack_api_url": "http://127.0.0.1:9/api",
    }  # fmt: skip
    return build(Settings.model_validate(settings.model_dump() | ways | more), kit_factory=kit)


@asynccontextmanager
async def orchestrated(settings: Settings, clock: FakeClock, **more: object) -> AsyncIterator[ToolClient]:
    """The running service."""
    async with tool_service(partial(app_of, settings, more), clock) as client:
        yield OrchestratorClient(client.app, client.http, client.issuer, client.clock)


@pytest.fixture
async def service(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    async with orchestrated(settings, clock) as client:
        yield client


@pytest.fixture
async def down(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    nowhere = "postgresql://aiguy:x@127.0.0.1:9/nothing"
    async with orchestrated(settings, clock, database_url=nowhere) as client:
        yield client


@pytest.fixture
async def hurried(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    async with orchestrated(settings, clock, rate_limit_per_minute=2) as client:
        yield client


@pytest.fixture(params=[EMAIL, ANSWER, SLACK], ids=str)
def case(request: pytest.FixtureRequest) -> ToolCase:
    found: ToolCase = request.param
    return found


@pytest.fixture(params=[EMAIL, ANSWER, SLACK], ids=str)
def write(request: pytest.FixtureRequest) -> ToolCase:
    found: ToolCase = request.param
    return found


class TestTools(ToolConformance):
    """`send_email`, `email_answer` and `slack_post_message`."""


class TestWrites(WriteConformance):
    """All write to the outbox."""
