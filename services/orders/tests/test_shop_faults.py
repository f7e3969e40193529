"""Whatever goes wrong in a shop system, the service answers with a problem of ours, and with none of its words."""

import secrets
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from contracts.errors import ProblemCode
from contracts.registry import AnyContract
from contracts.tools.orders import ADD_ORDER_NOTE, GET_ORDER, GET_ORDER_STATUS, LIST_ORDERS
from orders.app import build
from orders.settings import Settings
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault
from servicekit.testing.tool_client import ADA, ToolClient, tool_service

from .shops import PATIENCE_S, TIMEOUT_S, ShopServer

pytestmark = pytest.mark.service
NOTE = {"order_id": "ABC123", "note": "Ring twice."}
OTHER_JSON = b'{"hello": ["%s"]}' % UPSTREAM_SECRET.encode()
OTHER_LIST = b'["%s"]' % UPSTREAM_SECRET.encode()
FAULTS: list[tuple[str, Callable[[], Fault], ProblemCode]] = [
    ("403", lambda: Fault.status(403), ProblemCode.DEPENDENCY_DOWN),
    ("404", lambda: Fault.status(404), ProblemCode.DEPENDENCY_DOWN),
    ("402", lambda: Fault.status(402), ProblemCode.DEPENDENCY_DOWN),
    ("409", lambda: Fault.status(409), ProblemCode.DEPENDENCY_DOWN),
    ("422", lambda: Fault.status(422), ProblemCode.DEPENDENCY_DOWN),
    ("423", lambda: Fault.status(423), ProblemCode.DEPENDENCY_DOWN),
    ("429", lambda: Fault.status(429, {"retry-after": "7"}), ProblemCode.RATE_LIMITED),
    ("500", lambda: Fault.status(500), ProblemCode.DEPENDENCY_DOWN),
    ("a redirect", lambda: Fault.status(302, {"location": "https://elsewhere.example/"}), ProblemCode.DEPENDENCY_DOWN),
    ("silence", Fault.hang_before, ProblemCode.DEADLINE_EXCEEDED),
    ("silence after the effect", Fault.hang_after, ProblemCode.DEADLINE_EXCEEDED),
    ("no JSON", Fault.garbage, ProblemCode.DEPENDENCY_DOWN),
    ("another JSON", lambda: Fault(200, body=OTHER_JSON), ProblemCode.DEPENDENCY_DOWN),
    ("a list", lambda: Fault(200, body=OTHER_LIST), ProblemCode.DEPENDENCY_DOWN),
]  # fmt: skip
each_fault = pytest.mark.parametrize(
    ("fault", "code", "patience_s"),
    [(*case[1:], TIMEOUT_S if case[0].startswith("silence") else PATIENCE_S) for case in FAULTS],
    ids=[case[0] for case in FAULTS],
)


@each_fault
@pytest.mark.parametrize(
    ("contract", "asked"),
    [(GET_ORDER, {"order_id": "ABC123"}), (LIST_ORDERS, {})],
    ids=lambda one: getattr(one, "name", ""),
)
async def test_a_look_up_that_fails_is_a_problem_of_ours(
    over_shop: ToolClient,
    shop: ShopServer,
    contract: AnyContract,
    asked: dict[str, str],
    fault: Callable[[], Fault],
    code: ProblemCode,
) -> None:
    ada = replace(ADA, subject=shop.ada)
    await _see(over_shop, shop)
    shop.faults.next(fault())
    response = await over_shop.call(contract, asked, ada)
    _assert_ours(response, code)
    if code is ProblemCode.RATE_LIMITED:
        assert response.headers["retry-after"] == "7"
    await _see(over_shop, shop)


@each_fault
async def test_a_note_that_fails_is_a_problem_of_ours_and_can_be_tried_again(
    over_shop: ToolClient, shop: ShopServer, fault: Callable[[], Fault], code: ProblemCode
) -> None:
    ada = replace(ADA, subject=shop.ada)
    key = secrets.token_hex(8)
    grant = await over_shop.confirm(ADD_ORDER_NOTE, NOTE, ada)
    shop.faults.next(fault())
    _assert_ours(await over_shop.call(ADD_ORDER_NOTE, NOTE, ada, key=key, grant=grant), code)
    stored = await over_shop.call(ADD_ORDER_NOTE, NOTE, ada, key=key, grant=grant)
    assert stored.status_code == 200
    assert shop.notes("ABC123").count("Ring twice.") == 1


async def test_a_shop_that_cannot_be_reached_is_a_problem_of_ours(
    shop: ShopServer, settings: Settings, clock: FakeClock
) -> None:
    nowhere = {"woocommerce_url": "http://127.0.0.1:9", "shopify_url": "http://127.0.0.1:9"}
    gone = shop.settings(settings).model_copy(update=nowhere)
    async with tool_service(lambda kit: build(gone, kit_factory=kit), clock) as client:
        ada = replace(ADA, subject=shop.ada)
        assert_problem(await client.call(GET_ORDER, {"order_id": "ABC123"}, ada), ProblemCode.DEPENDENCY_DOWN)
        assert_problem(await client.call(LIST_ORDERS, {}, ada), ProblemCode.DEPENDENCY_DOWN)
        assert_problem(await client.preview(ADD_ORDER_NOTE, NOTE, ada), ProblemCode.DEPENDENCY_DOWN)


async def test_a_key_that_is_refused_is_told_to_nobody(over_shop: ToolClient, shop: ShopServer) -> None:
    await _see(over_shop, shop)
    shop.faults.next(Fault.status(401), Fault.status(401))
    response = await over_shop.call(GET_ORDER, {"order_id": "ABC123"}, replace(ADA, subject=shop.ada))
    _assert_ours(response, ProblemCode.DEPENDENCY_DOWN)


@pytest.mark.parametrize("patience_s", [TIMEOUT_S])
async def test_a_note_whose_answer_was_lost_is_there_once_after_the_next_attempt(
    over_shop: ToolClient, shop: ShopServer
) -> None:
    ada = replace(ADA, subject=shop.ada)
    grant = await over_shop.confirm(ADD_ORDER_NOTE, NOTE, ada)
    shop.fake.lose_next_note = True
    lost = await over_shop.call(ADD_ORDER_NOTE, NOTE, ada, key="the-same", grant=grant)
    assert_problem(lost, ProblemCode.DEADLINE_EXCEEDED)
    assert shop.notes("ABC123").count("Ring twice.") == 1

    again = await over_shop.call(ADD_ORDER_NOTE, NOTE, ada, key="the-same", grant=grant)
    replayed = await over_shop.call(ADD_ORDER_NOTE, NOTE, ada, key="the-same", grant=grant)
    assert again.status_code == 200
    assert replayed.content == again.content
    assert shop.notes("ABC123").count("Ring twice.") == 1


async def _see(client: ToolClient, shop: ShopServer) -> None:
    """One look-up that goes well, whatever token it has to fetch."""
    found = await client.call(GET_ORDER_STATUS, {"order_id": "ABC123"}, replace(ADA, subject=shop.ada))
    assert found.status_code == 200


def _assert_ours(response: httpx.Response, code: ProblemCode) -> None:
    assert_problem(response, code)
    assert UPSTREAM_SECRET not in response.text
    assert UPSTREAM_SECRET not in str(response.headers)
