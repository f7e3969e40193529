"""Tickets keeps what every tool service promises."""

import pytest

from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.testing.conformance import (
    ToolCase,
    ToolConformance,
    WriteConformance,
    assert_runs_like_the_others,
    assert_says_what_is_down,
)
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service

TICKET = ToolCase(
    CREATE_TICKET,
    {"subject": "Broken zip", "body": "The zip of my bag is stuck."},
    {"subject": "Broken zip", "body": "The zip of my bag is stuck. Please hurry."},
    counted="SELECT count(*) FROM tickets",
)
HANDOFF = ToolCase(
    HANDOFF_HUMAN,
    {"reason": "customer_asked", "summary": "Wants a person."},
    {"reason": "policy", "summary": "Wants a person."},
    counted="SELECT count(*) FROM handoffs",
)


@pytest.fixture(params=[TICKET, HANDOFF], ids=str)
def case(request: pytest.FixtureRequest) -> ToolCase:
    found: ToolCase = request.param
    return found


@pytest.fixture(params=[TICKET, HANDOFF], ids=str)
async def write(request: pytest.FixtureRequest, service: ToolClient) -> ToolCase:
    # A conversation has one open hand-over: those of earlier tests are answered.
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE handoffs SET status = 'closed'")
    found: ToolCase = request.param
    return found


class TestTools(ToolConformance):
    """Each tool of tickets."""


class TestWrites(WriteConformance):
    """Tickets and hand-overs."""


async def test_it_runs_like_the_others(service: ToolClient) -> None:
    await assert_runs_like_the_others(service, {"create_ticket", "handoff_human"})


async def test_readiness_names_the_database_when_it_is_down(down: ToolClient) -> None:
    await assert_says_what_is_down(down)
