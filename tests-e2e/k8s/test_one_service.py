"""A tool service is exchanged alone while customers talk: no other process notices, and every turn comes to its end.

On one machine there is a moment without the service, which a rolling update does not have: who asks for it then is told
so.
"""

import asyncio

import pytest

from e2e.machine import Machine
from e2e.people import ADA
from e2e.visitor import Turn, Visitor
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
OF_OTHERS = ("Where is my order ABC123?", "How do I return an item?")
OF_BILLING = "Send me the invoice for ABC123"


async def _ask_until(over: asyncio.Event, visitor: Visitor, question: str) -> list[Turn]:
    """The same question again and again, once more after `over`."""
    turns = []
    while not over.is_set():
        turns.append(await visitor.say(question))
    return [*turns, await visitor.say(question)]


async def test_billing_is_exchanged_while_customers_talk(machine: Machine, short_rests: None, visit) -> None:
    before, over = machine.stack.pids, asyncio.Event()

    async with asyncio.TaskGroup() as all_at_once:
        others = [all_at_once.create_task(_ask_until(over, visit(ADA), question)) for question in OF_OTHERS]
        billing = all_at_once.create_task(_ask_until(over, visit(ADA), OF_BILLING))
        await machine.stack.restart("billing")
        over.set()

    after = machine.stack.pids
    assert {name for name, pid in after.items() if before[name] != pid} == {"billing"}
    assert {turn.outcome for task in others for turn in task.result()} == {"answered"}
    assert {turn.outcome for turn in billing.result()} <= {"answered", "tool_failed", "handed_over"}

    async def answered() -> bool:
        return (await visit(ADA).say(OF_BILLING)).outcome == "answered"

    assert await eventually(answered, 30)
