"""A new Hand, known by its address alone, that takes a call with 202 and calls back when it is done."""

import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from contracts.headers import CALLBACK
from contracts.manifest import entry_from_contract
from contracts.tools.orders import GET_ORDER_STATUS
from e2e.llm import scripted_orchestrator
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from orchestrator.tools.testing import FakeToolService
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TOOL = "find_parcel"
T = "2026-03-02T09:30:00Z"
FOUND = {"order_id": "ABC123", "status": "shipped", "placed_at": T, "updated_at": T, "carrier": "Snail Mail"}


@pytest_asyncio.fixture(loop_scope="session")
async def couriers(running_machine, scripted_model) -> AsyncIterator[FakeToolService]:
    """The couriers' service; the orchestrator knows it now."""
    entry = entry_from_contract(GET_ORDER_STATUS).model_dump(mode="json")
    entry |= {
        "name": TOOL,
        "family": "couriers",
        "path": f"/tools/{TOOL}",
        "label": "Asking the courier",
        "aliases": [],
    }
    service = FakeToolService("couriers", [entry | {"answers_within_s": 3}], {TOOL: FOUND}, later=True)
    addresses = running_machine.stack.addresses
    async with service.running():
        urls = {name: f"http://127.0.0.1:{addresses.tool_ports[name]}" for name in TOOL_SERVICES}
        known = scripted_orchestrator(scripted_model) | {
            "AIGUY_TOOL_URLS": json.dumps(urls | {"couriers": service.url}),
            "AIGUY_TOOL_ALLOWLIST": json.dumps([TOOL, "handoff_human"]),
        }
        scripted_model.reset()
        await running_machine.reconfigure(known)
        scripted_model.say(
            "parcel", {"calls": [{"name": TOOL, "arguments": {"order_id": "ABC123"}}]}, {"text": "Soon."}
        )
        yield service


async def _taken(couriers: FakeToolService) -> str:
    """The token of the call that the service has taken."""
    await eventually(lambda: couriers.calls)
    return couriers.calls[-1].headers[CALLBACK]


async def test_a_late_answer_is_told_in_the_waiting_chat(running_machine, couriers, visit) -> None:
    visitor = visit()
    turn = await visitor.send(await visitor.begin(), "Where is my parcel?")
    token = await _taken(couriers)

    async def call_back() -> bool:
        url = f"{running_machine.stack.url(ORCHESTRATOR)}/api/agent/tools/callback"
        async with httpx.AsyncClient() as client:
            answer = await client.post(url, json={"output": FOUND}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 204, answer.text  # 409 while the turn does not wait yet
        return True

    await eventually(call_back)
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "answered"
    assert turn.tools("succeeded") == {TOOL}


async def test_without_one_the_turn_ends_in_time(couriers, visit) -> None:
    visitor = visit()
    turn = await visitor.say("Where is my parcel?")
    assert turn.outcome == "tool_failed"
    assert turn.tools("failed") == {TOOL}
    assert turn.text
