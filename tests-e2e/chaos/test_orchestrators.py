"""An orchestrator that stands still with turns under way: a second one ends them, and the first one, when it wakes up,
does nothing again.

`tests-e2e/test_kill.py` has orchestrators that die.
"""

import asyncio
import os
import signal

import pytest

from chaos.customers import ERRANDS, Customer, come_all, served_again, shown
from chaos.judging import trouble
from e2e.visitor import Visitor
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: Long enough to stop the process while its calls are under way.
UNDER_WAY_S = 1.0
WANTED = tuple(errand for errand in ERRANDS if errand.name != "invoice")


async def _begun(customer: Customer) -> None:
    """Has said what they want and is told that the tool is at work."""
    visitor, errand = customer.visitor, customer.errand
    if errand.agrees:
        assert (await visitor.decide(customer.turn, True)).status_code == 202
    else:
        customer.turn = await visitor.send(customer.conversation_id, errand.text)
    while not customer.turn.tools("started"):
        await visitor.follow(customer.turn, until="tool")


async def test_turns_of_an_orchestrator_that_stands_still_are_ended_by_another_and_done_once(machine, visit) -> None:
    async with machine.second_orchestrator() as url:
        customers = await come_all(WANTED, machine, visit)
        await machine.wipe_redis()
        first = machine.stack.pids[ORCHESTRATOR]
        for service in TOOL_SERVICES:
            machine.stack.proxies[service].delay(UNDER_WAY_S)
        try:
            await asyncio.gather(*(_begun(customer) for customer in customers))
            os.kill(first, signal.SIGSTOP)
        finally:
            for service in TOOL_SERVICES:
                machine.stack.proxies[service].passing()
        try:
            seen = await asyncio.gather(*(_end_elsewhere(customer, url) for customer in customers))
        finally:
            os.kill(first, signal.SIGCONT)
        await machine.ready(ORCHESTRATOR)
        await asyncio.gather(*(served_again(errand, machine, visit) for errand in WANTED))
    assert {customer.errand.name: what for customer, what in zip(customers, seen, strict=True)} == {
        errand.name: "answer" for errand in WANTED
    }
    assert await trouble(machine, customers) == []


async def _end_elsewhere(customer: Customer, url: str) -> str:
    """What the customer is shown, who now reaches the other orchestrator."""
    assert customer.turn is not None
    async with Visitor(url, customer.visitor.token, patient=True) as elsewhere:
        await elsewhere.follow(customer.turn, to_end=True)
    return shown(customer.turn)
