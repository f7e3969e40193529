"""A customer of the real stack, through the door."""

import pytest

from e2e.machine import Machine
from e2e.people import ADA
from e2e.visitor import Visitor
from onebox.ports import ORCHESTRATOR

from .conftest import OpenDoor

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_a_customer_asks_and_is_answered_through_the_door(machine: Machine, another_door: OpenDoor) -> None:
    async with another_door(machine.stack.addresses.ports[ORCHESTRATOR]) as door:
        token = machine.visitor(ADA).token
        async with Visitor(door.url, token) as ada:
            turn = await ada.say("Where is my order ABC123?")
            assert turn.outcome == "answered"
            assert "on its way" in turn.text
            assert (await ada.view(turn.conversation_id))["messages"][-1]["text"] == turn.text
            forged = await ada.call("POST", "/api/agent/conversations", {"context": {"page": "1' OR '1'='1"}})
            assert forged.status_code == 403
