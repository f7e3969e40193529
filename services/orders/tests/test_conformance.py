"""Orders keeps what every tool service promises."""

import pytest

from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, GET_ORDER_STATUS, LIST_ORDERS
from servicekit.testing.conformance import (
    ToolCase,
    ToolConformance,
    WriteConformance,
    assert_runs_like_the_others,
    assert_says_what_is_down,
)
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service

SECRETS = ("Ember gas stove", "Burlington", "parcelway.example", "ada@example.com")
STATUS = ToolCase(GET_ORDER_STATUS, {"order_id": "ABC123"}, {"order_id": "1234"}, secrets=SECRETS)
ORDER = ToolCase(GET_ORDER, {"order_id": "ABC123"}, {"order_id": "1234"}, secrets=SECRETS)
LIST = ToolCase(LIST_ORDERS, {}, {}, secrets=SECRETS)
NOTE = ToolCase(
    ADD_ORDER_NOTE,
    {"order_id": "ABC123", "note": "Please ring twice."},
    {"order_id": "1234", "note": "Please ring twice."},
    counted="SELECT count(*) FROM order_notes",
    secrets=SECRETS,
)


@pytest.fixture(params=[STATUS, ORDER, LIST, NOTE], ids=str)
def case(request: pytest.FixtureRequest) -> ToolCase:
    found: ToolCase = request.param
    return found


@pytest.fixture
def write() -> ToolCase:
    return NOTE


class TestTools(ToolConformance):
    """Each tool of orders."""


class TestWrites(WriteConformance):
    """The note."""


async def test_it_runs_like_the_others(service: ToolClient) -> None:
    await assert_runs_like_the_others(service, {"get_order", "get_order_status", "list_orders", "add_order_note"})


async def test_readiness_names_the_database_when_it_is_down(down: ToolClient) -> None:
    await assert_says_what_is_down(down)
