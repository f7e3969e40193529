"""Customers see which orders are theirs, and of nobody else's that there are any."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.errors import ProblemCode
from contracts.tools.orders import GET_ORDER, LIST_ORDERS, MOST_LISTED, ListOrdersOutput
from servicekit.auth.claims import Role
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, GUEST, PROVEN, As, ToolClient

pytestmark = pytest.mark.service
BEN, GUS, TESS = (replace(ADA, subject=f"cust_{name}") for name in ("ben", "gus", "tess"))
_PLACE = """
INSERT INTO orders (id, customer_id, status, currency, total_minor, ship_city, ship_country, placed_at, updated_at)
VALUES ($1, $2, 'processing', 'USD', 4500, 'Burlington', 'United States', $3, $3)
"""


async def listed(service: ToolClient, who: As = ADA) -> ListOrdersOutput:
    """What the tool answers."""
    answer = await service.call(LIST_ORDERS, {}, who)
    assert answer.status_code == 200, answer.text
    return ListOrdersOutput.model_validate_json(answer.content)


def numbers(found: ListOrdersOutput) -> list[str]:
    return [order.order_id for order in found.orders]


async def place(service: ToolClient, who: As, count: int) -> None:
    """Further orders of a customer, without lines; `NEW-0` is the newest. The tests of a module share a database."""
    async with service.kit.db.transaction() as connection:
        for age in range(count):
            placed_at = service.clock.now() - timedelta(minutes=1 + age)
            await connection.execute(_PLACE, f"NEW-{age}", who.subject, placed_at)


async def test_a_customer_sees_which_orders_are_theirs_and_no_others(service: ToolClient) -> None:
    ada, ben = await listed(service), await listed(service, BEN)
    assert (numbers(ada), ada.more) == (["ABC123", "1234"], False)
    assert (numbers(ben), ben.more) == (["XYZ789", "5678"], False)


async def test_each_is_told_as_when_it_is_looked_up(service: ToolClient) -> None:
    answer = (await service.call(LIST_ORDERS, {})).json()
    for order in answer["orders"]:
        assert order == (await service.call(GET_ORDER, {"order_id": order["order_id"]})).json()


async def test_a_customer_without_orders_has_an_empty_list(service: ToolClient) -> None:
    async with service.kit.db.transaction() as connection:
        await connection.execute("INSERT INTO customers VALUES ('cust_new', 'New', 'new@example.com')")
    assert await listed(service, replace(ADA, subject="cust_new")) == ListOrdersOutput(orders=(), more=False)


async def test_a_customer_whom_the_shop_does_not_know_gets_the_same(service: ToolClient) -> None:
    for subject in ("cust_nobody", "CUST_ADA", "cust_ada ", "%", "ada@example.com"):
        assert await listed(service, replace(ADA, subject=subject)) == ListOrdersOutput(orders=(), more=False)


async def test_as_many_as_are_told_of_are_all(service: ToolClient) -> None:
    found = await listed(service, GUS)
    assert (len(found.orders), found.more) == (MOST_LISTED, False)


async def test_of_more_the_newest_are_told_of_and_that_there_are_others(service: ToolClient) -> None:
    before = numbers(await listed(service, TESS))
    await place(service, TESS, MOST_LISTED)
    found = await listed(service, TESS)
    assert (numbers(found), found.more) == (["NEW-0", "NEW-1", "NEW-2", "NEW-3", "NEW-4"], True)
    assert found.orders[0].items == ()
    assert len(before) == 1


async def test_the_lines_of_each_order_are_its_own_and_in_their_order(service: ToolClient) -> None:
    found = await listed(service)
    told = [[item.sku for item in order.items] for order in found.orders]
    assert told == [["STV-GAS", "LGT-LANT", "AXE-HATCH"], ["TXT-BLKT"]]


async def test_a_guest_is_told_of_none(service: ToolClient) -> None:
    assert_problem(await service.call(LIST_ORDERS, {}, GUEST), ProblemCode.FORBIDDEN)
    as_ada = replace(GUEST, subject=ADA.subject)
    assert_problem(await service.call(LIST_ORDERS, {}, as_ada), ProblemCode.FORBIDDEN)
    sent = service.issuer.bearer("orders", LIST_ORDERS.scope, subject="guest_1", role=Role.GUEST, email="a@example.com")
    assert_problem(await service.http.post(LIST_ORDERS.path, json={}, headers=sent), ProblemCode.FORBIDDEN)


@pytest.mark.parametrize("proven", ["ada@example.com", "ADA@example.COM"])
async def test_a_guest_who_has_proven_the_address_sees_those_of_it(service: ToolClient, proven: str) -> None:
    assert await listed(service, replace(PROVEN, proven_email=proven)) == await listed(service)


@pytest.mark.parametrize(
    "proven",
    ["nobody@another-shop.example", "ada@example.com.evil.example", "ada+x@example.com", " ada@example.com", "%",
     "'or'1'='1@example.com", "cust_ada"],
)  # fmt: skip
async def test_an_address_that_we_do_not_know_has_none(service: ToolClient, proven: str) -> None:
    assert (await listed(service, replace(PROVEN, proven_email=proven))).orders == ()


async def test_letters_that_only_become_the_same_in_small_ones_are_another_address(service: ToolClient) -> None:
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE customers SET email = '\u212aim@example.com' WHERE id = 'cust_ada'")
    for proven in ("kim@example.com", "KIM@example.com"):
        assert (await listed(service, replace(PROVEN, proven_email=proven))).orders == ()


async def test_an_address_adds_nothing_for_who_is_signed_in(service: ToolClient) -> None:
    assert numbers(await listed(service, replace(BEN, proven_email="ada@example.com"))) == ["XYZ789", "5678"]


@pytest.mark.parametrize("asked", [{"email": "ben@example.com"}, {"customer_id": "cust_ben"}, {"most": 100}], ids=str)
async def test_nothing_can_be_asked_of_it(service: ToolClient, asked: dict[str, object]) -> None:
    assert_problem(await service.call(LIST_ORDERS, asked), ProblemCode.INVALID_REQUEST)
