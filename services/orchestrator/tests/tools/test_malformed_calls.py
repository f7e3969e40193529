"""Whatever a model proposes, nothing malformed leaves the orchestrator; each such call ends in a problem with a name.

How a proposal is repaired before is in `tests/brain/test_repair.py`; what the services themselves make of malformed
requests over HTTP, in their `test_fuzz.py`.
"""

import copy
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import PROBLEMS, ProblemCode
from contracts.manifest import entry_from_contract
from contracts.registry import CONTRACTS, AnyContract, contracts_of
from contracts.tool import Family
from orchestrator.tools.build import build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.calls import CallFailed, CallRequest
from orchestrator.tools.entry import make_entry
from orchestrator.tools.gateway import ToolGateway
from orchestrator.tools.testing import FakeToolService
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.telemetry import Metrics

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
VALUES = st.recursive(SCALARS, lambda one: st.lists(one) | st.dictionaries(st.text(max_size=5), one), max_leaves=5)
HOSTILE = st.sampled_from(["' OR 1=1 --", "../..", "a@b.example", "\x00", "{{7*7}}", "9" * 400, "<script>", "ABC123"])
NAMES = (
    "", " ", "get_order ", "GET_ORDER", "get_order\x00", "tools/get_order", "../admin", "eval", "x" * 9000, "получить",
    "get_оrder", "get_order/preview", "issue_refund;close_refund", "\u202eredro_teg", "__class__", "null", "get-order",
)  # fmt: skip
MALFORMED = 10_000
#: Arguments that each contract accepts: each malformed call differs from one of these in one thing.
GOOD: dict[str, dict[str, Any]] = {
    "get_order": {"order_id": "ABC123"}, "get_order_status": {"email": "ada@example.com"},
    "add_order_note": {"order_id": "ABC123", "note": "Ring twice."}, "get_invoice_pdf": {"order_id": "ABC123"},
    "get_refund": {"order_id": "ABC123"}, "list_orders": {},
    "issue_refund": {"order_id": "ABC123", "amount_minor": 100, "currency": "USD", "reason": "It broke."},
    "approve_refund": {"refund_request_id": "rfd_1"},
    "close_refund": {"refund_request_id": "rfd_1", "outcome": "denied"},
    "create_ticket": {"subject": "Help", "body": "It broke."}, "send_email": {"subject": "Help", "body": "It broke."},
    "email_answer": {"subject": "Help", "body": "It broke."},
    "handoff_human": {"reason": "customer_asked", "summary": "It broke."},
    "slack_post_message": {"channel": "support", "text": "It broke."}, "search_kb": {"query": "Returns?"},
}  # fmt: skip
Spoil = Callable[[random.Random, dict[str, Any]], Any]


def of_another_type(draw: random.Random, good: dict[str, Any]) -> Any:
    field = draw.choice(sorted(good))
    wrong: list[Any] = [None, True, [], {}, [good[field]], {"value": good[field]}, 1.5, float("inf")]
    return good | {field: draw.choice([*wrong, str(good[field]) if isinstance(good[field], int) else 7])}


def with_an_invented_argument(draw: random.Random, good: dict[str, Any]) -> Any:
    name = draw.choice(
        ["customer_id", "subject_id", "sub", "role", "admin", "__proto__", "", "\x00", "ордер", "$where"]
    )
    return good | {name + draw.choice(["", "_", str(draw.random())]): draw.choice(["cust_ben", 1, None, {"$gt": ""}])}


def lacking(draw: random.Random, good: dict[str, Any]) -> Any:
    field = draw.choice(sorted(good))
    return {name: value for name, value in good.items() if name != field}


def enormous(draw: random.Random, good: dict[str, Any]) -> Any:
    field = draw.choice(sorted(good))
    huge: list[Any] = [10**40, -(10**40), 0, -1] if isinstance(good[field], int) else ["x" * 30_001]
    return good | {field: draw.choice(huge)}


def nested(draw: random.Random, good: dict[str, Any]) -> Any:
    deep: Any = good
    for _ in range(draw.randrange(1, 200)):
        deep = {"arguments": deep} if draw.random() < 0.5 else [deep]
    return {draw.choice(["arguments", "input", *good]): deep}


def with_strange_characters(draw: random.Random, good: dict[str, Any]) -> Any:
    texts = sorted(name for name, value in good.items() if isinstance(value, str))
    strange = draw.choice(["\x00", "\ud800", "\udfff\ud83d"])
    field = draw.choice(texts)
    return good | {field: good[field] + strange}


def cut_off(draw: random.Random, good: dict[str, Any]) -> Any:
    """What a lenient parser makes of JSON that was cut off."""
    written = json.dumps(good)
    cut = written[: draw.randrange(1, len(written))]
    return draw.choice([{"": cut}, {cut: None}, {"arguments": cut}])


SPOILS: tuple[Spoil, ...] = (
    of_another_type, with_an_invented_argument, lacking, enormous, nested, with_strange_characters, cut_off,
)  # fmt: skip
#: What can be wrong where nothing is asked.
SPOILS_OF_NOTHING: tuple[Spoil, ...] = (with_an_invented_argument, nested, cut_off)


@dataclass
class Shop:
    """A gateway to all services, which answer nothing but note what they are asked."""

    gateway: ToolGateway
    services: list[FakeToolService]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    services = [FakeToolService.of(family.value, contracts_of(family), {}) for family in Family]
    http, clock = AiohttpClient(), SystemClock()
    async with AsyncExitStack() as stack:
        for service in services:
            await stack.enter_async_context(service.running())
        tools = build_tools(
            urls={family.value: service.url for family, service in zip(Family, services, strict=True)}, http=http,
            minter=TokenMinter(KeySet.generate(), "orchestrator", clock), metrics=Metrics(), clock=clock, cache=None,
            jitter=random.Random(7), callbacks=Callbacks(b"k" * 32, clock),
        )  # fmt: skip
        await tools.catalog.refresh()
        yield Shop(tools.gateway, services)
        await http.close()


def malformed(draw: random.Random, number: int) -> tuple[str, Any]:
    """A tool's name and arguments, of which one or the other is no good."""
    tool = draw.choice(sorted(GOOD))
    if number % 10 == 0:
        return draw.choice(NAMES), GOOD[tool]
    spoils = SPOILS if GOOD[tool] else SPOILS_OF_NOTHING
    return tool, spoils[number % len(spoils)](draw, copy.deepcopy(GOOD[tool]))


async def test_of_ten_thousand_malformed_calls_none_reaches_a_service_and_each_has_its_problem(
    shop: Shop, read: CallRequest
) -> None:
    draw = random.Random(7)
    for number in range(MALFORMED):
        tool, arguments = malformed(draw, number)
        # All that else could be missing is there: consent, and somebody's approval.
        call = replace(read, tool=tool, arguments=arguments, digest="b" * 64, approvers=("staff_kim",))
        result = await (shop.gateway.preview if number % 9 == 0 else shop.gateway.call)(call)
        assert isinstance(result, CallFailed), (tool, arguments)
        assert result.code in (ProblemCode.TOOL_UNKNOWN, ProblemCode.INVALID_REQUEST), (tool, arguments)
        assert PROBLEMS[result.code].status < 500
        assert (result.error_class, result.attempts) == (PROBLEMS[result.code].error_class, 0)
        assert result.detail
    assert [service.calls for service in shop.services] == [[]] * len(shop.services)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_what_is_spoiled_there_was_good_before(contract: AnyContract) -> None:
    entry = make_entry(entry_from_contract(contract), "http://tool.example")
    assert entry.accepts.accepts(GOOD[contract.name])


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda one: one.name)
def test_an_argument_that_no_contract_names_is_never_accepted(contract: AnyContract) -> None:
    entry = make_entry(entry_from_contract(contract), "http://tool.example")
    known = list(entry.input_schema["properties"])
    names = st.sampled_from(known) if known else st.nothing()

    @settings(max_examples=60, deadline=None)
    @given(st.dictionaries(names, VALUES | HOSTILE), st.text(max_size=9), VALUES | HOSTILE)
    def refused(arguments: dict[str, Any], invented: str, value: Any) -> None:
        if invented not in known:
            assert not entry.accepts.accepts({**arguments, invented: value})

    refused()


@pytest.mark.parametrize("name", NAMES)
async def test_an_unknown_name_never_reaches_a_service(world: Any, read: CallRequest, name: str) -> None:
    request = replace(read, tool=name)
    for result in (await world.gateway.call(request), await world.gateway.preview(request)):
        assert isinstance(result, CallFailed)
        assert (result.code, result.attempts) == (ProblemCode.TOOL_UNKNOWN, 0)
    assert world.service.calls == []
