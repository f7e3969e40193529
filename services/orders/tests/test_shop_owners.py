"""In a shop system, too, customers see their own orders and nobody else's; guests see none."""

from dataclasses import replace

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, GET_ORDER_STATUS
from orders.backends.remote import customer_number
from servicekit.auth.claims import Role
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, ToolClient

from .shops import ShopServer

pytestmark = pytest.mark.service


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("wp_26", "26"), ("wp_9223372036854775807", "9223372036854775807"),
        ("26", None), ("wp_", None), ("wp_0", None), ("wp_026", None), ("wp_-26", None), ("wp_26 ", None),
        ("wp_26\n", None), ("wp_\u0662\u0666", None), ("WP_26", None), ("shopify_26", None), ("wp_wp_26", None),
        ("wp_26,31", None), ("wp_26 OR 31", None), ("wp_" + "9" * 20, None), ("guest_7f3a", None),
    ],
)  # fmt: skip
def test_a_subject_names_a_customer_only_by_the_prefix_and_a_number(subject: str, number: str | None) -> None:
    assert customer_number(subject, "wp_") == number


async def test_a_guest_sees_nothing_even_with_a_customers_subject(over_shop: ToolClient, shop: ShopServer) -> None:
    guest = replace(ADA, subject=shop.ada, role=Role.GUEST)
    for contract in (GET_ORDER, GET_ORDER_STATUS):
        assert_problem(await over_shop.call(contract, {"order_id": "ABC123"}, guest), ProblemCode.FORBIDDEN)
    note = {"order_id": "ABC123", "note": "Ring twice."}
    assert_problem(await over_shop.preview(ADD_ORDER_NOTE, note, guest), ProblemCode.FORBIDDEN)
    assert shop.faults.seen == []


async def test_a_subject_of_another_system_is_not_asked_for(over_shop: ToolClient, shop: ShopServer) -> None:
    for subject in ("26", "cust_ada", "slack_26", "other_26"):
        stranger = replace(ADA, subject=subject)
        assert_problem(await over_shop.call(GET_ORDER, {"order_id": "ABC123"}, stranger), ProblemCode.ORDER_NOT_FOUND)
    assert shop.faults.seen == []


async def test_a_note_for_a_foreign_order_is_written_nowhere(over_shop: ToolClient, shop: ShopServer) -> None:
    note, ben = {"order_id": "ABC123", "note": "Not mine."}, replace(ADA, subject=shop.ben)
    grant = await over_shop.confirm(ADD_ORDER_NOTE, note, replace(ADA, subject=shop.ada))
    assert_problem(await over_shop.call(ADD_ORDER_NOTE, note, ben, grant=grant), ProblemCode.ORDER_NOT_FOUND)
    assert shop.notes("ABC123") == ""


async def test_a_foreign_order_an_unknown_one_and_a_foreign_address_get_the_same_answer(
    over_shop: ToolClient, shop: ShopServer
) -> None:
    ben = replace(ADA, subject=shop.ben)
    answers = [
        await over_shop.call(GET_ORDER_STATUS, asked, ben)
        for asked in ({"order_id": "ABC123"}, {"order_id": "NOPE999"}, {"email": "ada@example.com"})
    ]
    for answer in answers:
        assert_problem(answer, ProblemCode.ORDER_NOT_FOUND)
    assert len({_without_trace(answer) for answer in answers}) == 1


async def test_a_foreign_and_an_unknown_order_cost_the_shop_the_same_questions(
    over_shop: ToolClient, shop: ShopServer
) -> None:
    ben = replace(ADA, subject=shop.ben)
    await over_shop.call(GET_ORDER_STATUS, {"order_id": "NOPE999"}, ben)
    asked = []
    for order_id in ("1234", "9999"):
        before = len(shop.faults.seen)
        await over_shop.call(GET_ORDER_STATUS, {"order_id": order_id}, ben)
        asked.append(shop.faults.seen[before:])
    assert asked[0] == asked[1]


async def test_a_shop_that_ignores_whose_orders_were_asked_for_is_not_believed(
    over_shop: ToolClient, shop: ShopServer
) -> None:
    shop.fake.ignores_questions = True
    ben = replace(ADA, subject=shop.ben)
    response = await over_shop.call(GET_ORDER, {"order_id": "ABC123"}, ben)
    assert_problem(response, ProblemCode.ORDER_NOT_FOUND)


@pytest.mark.parametrize(
    ("verified", "asked", "status"),
    [
        ("ada@example.com", "Ada@Example.com", 200),
        ("ada@example.com", "ben@example.com", 404),
        (None, "ada@example.com", 404),
    ],
)
async def test_an_address_counts_only_when_the_token_carries_it(
    over_shop: ToolClient, shop: ShopServer, verified: str | None, asked: str, status: int
) -> None:
    headers = over_shop.issuer.bearer("orders", "orders.read_own", subject=shop.ada, email=verified)
    response = await over_shop.http.post(GET_ORDER_STATUS.path, json={"email": asked}, headers=headers)
    assert response.status_code == status
    if status == 200:
        assert response.json()["order_id"] == "ABC123"


def _without_trace(answer: httpx.Response) -> str:
    return str(sorted((name, str(value)) for name, value in answer.json().items() if name != "trace_id"))
