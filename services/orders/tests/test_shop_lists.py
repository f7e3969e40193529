"""Which orders are a customer's own, as the shop systems tell it."""

from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ProblemCode
from contracts.tools.orders import LIST_ORDERS, MOST_LISTED, ListOrdersOutput
from servicekit.auth.claims import Role
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, PROVEN, ToolClient

from .fake_shopify import pages
from .shops import ShopServer

pytestmark = pytest.mark.service


async def listed(client: ToolClient, subject: str) -> ListOrdersOutput:
    """What the tool answers."""
    answer = await client.call(LIST_ORDERS, {}, replace(ADA, subject=subject))
    assert answer.status_code == 200, answer.text
    return ListOrdersOutput.model_validate_json(answer.content)


def numbers(found: ListOrdersOutput) -> list[str]:
    return [order.order_id for order in found.orders]


def place(shop: ShopServer, number: str, created: str, **changed: Any) -> None:
    """Another order of Ada's, like her ABC123."""
    if shop.system == "shopify":
        like = next(one for one in shop.fake.orders if one["name"] == "#ABC123")
        its = {"id": f"gid://shopify/Order/9{number}", "name": f"#{number}", "createdAt": f"{created}Z"}
    else:
        like = next(one for one in shop.fake.orders if one["number"] == "ABC123")
        its = {"id": 9000 + len(shop.fake.orders), "number": number, "date_created_gmt": created}
    shop.fake.orders.append({**like, **its, **changed})


async def test_each_customer_sees_their_own_orders(over_shop: ToolClient, shop: ShopServer) -> None:
    for subject, theirs in ((shop.ada, ["ABC123", "1234"]), (shop.ben, ["XYZ789", "5678"])):
        found = await listed(over_shop, subject)
        assert (numbers(found), found.more) == (theirs, False)


async def test_of_many_the_newest_are_told_of_and_that_there_are_others(
    over_shop: ToolClient, shop: ShopServer
) -> None:
    for minute in range(MOST_LISTED - 2):
        place(shop, f"N-{minute}", f"2026-03-01T09:{minute:02}:00")
    found = await listed(over_shop, shop.ada)
    assert (numbers(found), found.more) == (["N-2", "N-1", "N-0", "ABC123", "1234"], False)
    place(shop, "N-9", "2026-03-01T09:59:00")
    found = await listed(over_shop, shop.ada)
    assert (numbers(found), found.more) == (["N-9", "N-2", "N-1", "N-0", "ABC123"], True)


async def test_one_question_is_enough(over_shop: ToolClient, shop: ShopServer) -> None:
    await listed(over_shop, shop.ada)
    before = len(shop.faults.seen)
    await listed(over_shop, shop.ben)
    assert len(shop.faults.seen) == before + 1


async def test_a_customer_without_orders_has_an_empty_list(over_shop: ToolClient, shop: ShopServer) -> None:
    assert await listed(over_shop, f"{shop.prefix}99") == ListOrdersOutput(orders=(), more=False)


async def test_a_subject_of_another_system_is_not_asked_for(over_shop: ToolClient, shop: ShopServer) -> None:
    for subject in ("26", "cust_ada", "slack_26", "other_26"):
        assert await listed(over_shop, subject) == ListOrdersOutput(orders=(), more=False)
    assert shop.faults.seen == []


async def test_a_guest_is_told_of_none_whatever_they_have_proven(over_shop: ToolClient, shop: ShopServer) -> None:
    for guest in (replace(ADA, subject=shop.ada, role=Role.GUEST), PROVEN):
        assert_problem(await over_shop.call(LIST_ORDERS, {}, guest), ProblemCode.FORBIDDEN)
    assert shop.faults.seen == []


async def test_a_shop_that_ignores_whose_orders_were_asked_for_is_not_believed(
    over_shop: ToolClient, shop: ShopServer
) -> None:
    shop.fake.ignores_questions = True
    assert set(numbers(await listed(over_shop, shop.ben))) <= {"XYZ789", "5678"}
    assert numbers(await listed(over_shop, f"{shop.prefix}99")) == []


@pytest.mark.parametrize("shop", ["woocommerce"], indirect=True)
@pytest.mark.parametrize("status", ["trash", "auto-draft", "checkout-draft"])
async def test_what_is_no_order_any_more_is_passed_over_and_hides_none(
    over_shop: ToolClient, shop: ShopServer, status: str
) -> None:
    for minute in range(MOST_LISTED + 3):
        place(shop, f"T-{minute}", f"2026-03-01T09:{minute:02}:00", status=status)
    found = await listed(over_shop, shop.ada)
    assert (numbers(found), found.more) == (["ABC123", "1234"], False)


@pytest.mark.parametrize("shop", ["shopify"], indirect=True)
async def test_of_an_order_with_many_lines_the_first_ones_are_told(over_shop: ToolClient, shop: ShopServer) -> None:
    order = next(one for one in shop.fake.orders if one["name"] == "#ABC123")
    price = {"presentmentMoney": {"amount": "2.0", "currencyCode": "USD"}}
    lines = [{"sku": f"S{n}", "name": "Peg", "quantity": 1, "originalUnitPriceSet": price} for n in range(40)]
    order["lineItems"] = pages(lines)
    newest = (await listed(over_shop, shop.ada)).orders[0]
    assert [item.sku for item in newest.items] == [f"S{n}" for n in range(30)]
