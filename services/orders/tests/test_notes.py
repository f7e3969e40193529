"""A note is stored with one's own order, and exactly as it was confirmed."""

from dataclasses import replace

import pytest

from contracts.errors import ProblemCode
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER
from orders.backends.postgres import PostgresOrders
from orders.people import ORDER_NOTES
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient

pytestmark = pytest.mark.service
BEN = replace(ADA, subject="cust_ben")
NOTE = {"order_id": "abc123", "note": "Leave it with the neighbour, no. 29."}


async def test_the_preview_shows_the_note_as_it_would_stand(service: ToolClient) -> None:
    preview = (await service.preview(ADD_ORDER_NOTE, NOTE)).json()
    assert preview["summary"] == "Add this note to order ABC123: \u201cLeave it with the neighbour, no. 29.\u201d"
    assert (preview["before"], preview["money_moved"]) == ({}, None)
    assert preview["after"] == {"order_id": "ABC123", "note": NOTE["note"]}


async def test_a_confirmed_note_is_stored_with_the_order(service: ToolClient) -> None:
    order = (await service.call(GET_ORDER, {"order_id": "ABC123"})).json()
    grant = await service.confirm(ADD_ORDER_NOTE, NOTE)
    stored = (await service.call(ADD_ORDER_NOTE, NOTE, grant=grant)).json()
    row = await service.opened(ORDER_NOTES, stored["note_id"])
    assert (row["order_id"], row["customer_id"], row["note"]) == ("ABC123", "cust_ada", NOTE["note"])
    assert stored["order_id"] == "ABC123"
    assert (await service.call(GET_ORDER, {"order_id": "ABC123"})).json() == order


async def test_a_note_on_another_customers_order_is_not_even_previewed(service: ToolClient) -> None:
    preview = await service.preview(ADD_ORDER_NOTE, NOTE, BEN)
    unknown = await service.preview(ADD_ORDER_NOTE, {**NOTE, "order_id": "NOPE999"}, BEN)
    for response in (preview, unknown):
        assert_problem(response, ProblemCode.ORDER_NOT_FOUND)
    assert preview.json()["detail"] == unknown.json()["detail"]


async def test_a_grant_of_another_customer_does_not_open_the_order(service: ToolClient) -> None:
    grant = await service.confirm(ADD_ORDER_NOTE, NOTE)
    response = await service.call(ADD_ORDER_NOTE, NOTE, BEN, grant=grant)
    assert_problem(response, ProblemCode.ORDER_NOT_FOUND)


async def test_the_statement_that_stores_a_note_asks_for_the_owner_too(service: ToolClient) -> None:
    async with service.kit.db.transaction() as connection:
        backend = PostgresOrders(connection, service.people)
        assert await backend.add_note("cust_ben", "ABC123", "Not mine.", service.clock.now(), "ref_1") is None
        assert await backend.add_note("cust_ada", "ABC123", "Mine.", service.clock.now(), "ref_2") is not None


@pytest.mark.parametrize("note", ["", "   ", "x" * 1001, "a\u0000b"], ids=["empty", "blank", "long", "nul"])
async def test_what_is_no_note_is_refused(service: ToolClient, note: str) -> None:
    assert_problem(await service.preview(ADD_ORDER_NOTE, {**NOTE, "note": note}), ProblemCode.INVALID_REQUEST)
