"""A guest who has proven a mail address reads the orders that the shop knows under it, and nothing else."""

from dataclasses import replace

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.registry import AnyContract
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, GET_ORDER_STATUS
from servicekit.auth.claims import Role
from servicekit.testing.conformance import assert_problem
from servicekit.testing.tool_client import ADA, GUEST, PROVEN, ToolClient

from .shops import ShopServer

pytestmark = pytest.mark.service
both_tools = pytest.mark.parametrize("contract", [GET_ORDER, GET_ORDER_STATUS], ids=lambda one: one.name)


@both_tools
@pytest.mark.parametrize("lookup", [{"order_id": "abc123"}, {"email": "Ada@Example.com"}], ids=str)
@pytest.mark.parametrize("proven", ["ada@example.com", "ADA@example.COM"])
async def test_the_owner_of_the_address_reads_as_when_signed_in(
    service: ToolClient, contract: AnyContract, lookup: dict[str, str], proven: str
) -> None:
    by_mail = await service.call(contract, lookup, replace(PROVEN, proven_email=proven))
    assert by_mail.status_code == 200, by_mail.text
    assert by_mail.json() == (await service.call(contract, lookup, ADA)).json()


@both_tools
@pytest.mark.parametrize(
    "proven",
    [
        "ben@example.com", "nobody@another-shop.example", "ada@example.com.evil.example", "ada+x@example.com",
        "a.da@example.com", " ada@example.com", "ada@example.com ", "%@example.com", "ad_@example.com",
        "'or'1'='1@example.com",
    ],
)  # fmt: skip
async def test_any_other_address_looks_just_like_an_order_that_does_not_exist(
    service: ToolClient, contract: AnyContract, proven: str
) -> None:
    who = replace(PROVEN, proven_email=proven)
    foreign = await service.call(contract, {"order_id": "ABC123"}, who)
    unknown = await service.call(contract, {"order_id": "NOPE999"}, who)
    assert_problem(foreign, ProblemCode.ORDER_NOT_FOUND)
    assert _told(foreign) == _told(unknown)
    assert_problem(await service.call(contract, {"email": "ada@example.com"}, who), ProblemCode.ORDER_NOT_FOUND)


async def test_letters_that_only_become_the_same_in_small_ones_are_another_address(service: ToolClient) -> None:
    # The Kelvin sign is a k in small letters: whoever has the mailbox kim@… has another one.
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE customers SET email = '\u212aim@example.com' WHERE id = 'cust_ada'")
    for proven in ("kim@example.com", "KIM@example.com"):
        answer = await service.call(GET_ORDER, {"order_id": "ABC123"}, replace(PROVEN, proven_email=proven))
        assert_problem(answer, ProblemCode.ORDER_NOT_FOUND)


@both_tools
async def test_an_address_that_nobody_proved_opens_nothing(service: ToolClient, contract: AnyContract) -> None:
    sent = service.issuer.bearer("orders", contract.scope, subject="guest_1", role=Role.GUEST, email="ada@example.com")
    answer = await service.http.post(contract.path, json={"order_id": "ABC123"}, headers=sent)
    assert_problem(answer, ProblemCode.FORBIDDEN)
    assert_problem(await service.call(contract, {"order_id": "ABC123"}, GUEST), ProblemCode.FORBIDDEN)


async def test_it_takes_nothing_from_who_is_signed_in_and_gives_them_nothing(service: ToolClient) -> None:
    ben = replace(ADA, subject="cust_ben", proven_email="ada@example.com")
    assert_problem(await service.call(GET_ORDER, {"order_id": "ABC123"}, ben), ProblemCode.ORDER_NOT_FOUND)
    assert (await service.call(GET_ORDER, {"order_id": "5678"}, ben)).status_code == 200


async def test_nothing_is_written_for_it_not_even_with_a_grant(service: ToolClient) -> None:
    note = {"order_id": "ABC123", "note": "Ring twice."}
    assert_problem(await service.preview(ADD_ORDER_NOTE, note, PROVEN), ProblemCode.FORBIDDEN)
    grant = await service.confirm(ADD_ORDER_NOTE, note, ADA)
    assert_problem(await service.call(ADD_ORDER_NOTE, note, PROVEN, grant=grant), ProblemCode.FORBIDDEN)
    async with service.kit.db.primary() as connection:
        assert await connection.fetchval("SELECT count(*) FROM order_notes") == 0


async def test_over_a_shop_system_it_opens_nothing_and_the_manifest_says_so(
    over_shop: ToolClient, shop: ShopServer
) -> None:
    for contract in (GET_ORDER, GET_ORDER_STATUS):
        assert_problem(await over_shop.call(contract, {"order_id": "ABC123"}, PROVEN), ProblemCode.FORBIDDEN)
    manifest = (await over_shop.http.get("/.well-known/tools.json")).json()
    assert {one["proven_address"] for one in manifest["tools"]} == {False}
    assert shop.faults.seen == []


async def test_the_manifest_of_our_own_tables_says_which_reads_it_opens(service: ToolClient) -> None:
    manifest = (await service.http.get("/.well-known/tools.json")).json()
    opened = {one["name"] for one in manifest["tools"] if one["proven_address"]}
    assert opened == {"get_order", "get_order_status", "list_orders"}


def _told(response: httpx.Response) -> tuple[int, dict[str, object], set[str]]:
    """All that a caller can compare, but for what names the request itself."""
    body = {name: value for name, value in response.json().items() if name != "trace_id"}
    return response.status_code, body, set(response.headers)
