"""Tool services that are killed, frozen, slow, or answer nonsense: what customers are shown, and what the books say.

`make chaos` runs it with each service hurt alone, and with more calls.
"""

import asyncio
import time

import pytest

from chaos.customers import ERRANDS, Customer, act_all, come_all, served_again, shown
from chaos.faults import FAULTS, TOO_MANY, hurt
from chaos.judging import outcomes, trouble
from chaos.verdicts import Verdicts
from e2e.facts import rows, tickets_of
from e2e.people import ADA, stranger
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from orchestrator.tools.retry_budget import MOST_SAVED
from servicekit.testing import eventually
from servicekit.testing.proving import how_many

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: In the suite all at once, which is also the worst day; by `make chaos` each alone besides.
HURT = [TOOL_SERVICES, *((service,) for service in TOOL_SERVICES)][: how_many(1, 5)]
REST_S = 1.0
CALLS = how_many(100, 1_000)
TOOL = "get_order_status"
ORDER = ERRANDS[0]
_JOBS = "entrypoint = 'hand_off' AND convert_from(payload, 'UTF8') = ANY($1)"
_PUT_OFF = f"UPDATE pgqueuer SET execute_after = now() + interval '1 hour' WHERE {_JOBS} RETURNING id"


@pytest.mark.parametrize("services", HURT, ids="+".join)
@pytest.mark.parametrize("fault", FAULTS)
async def test_every_customer_is_told_what_the_table_says_and_nothing_is_lost_or_done_twice(
    machine, short_rests, visit, verdicts: Verdicts, fault: str, services: tuple[str, ...]
) -> None:
    wanted = [errand for errand in ERRANDS if errand.service in services]
    customers = await come_all(wanted, machine, visit)
    async with hurt(machine, services, fault):
        await act_all(customers, machine)
    seen = {customer.errand.name: await customer.see_the_end() for customer in customers}
    verdicts.turns(fault, customers)
    allowed = outcomes("tools")[fault]
    assert {name: what for name, what in seen.items() if what not in allowed[name]} == {}
    assert await trouble(machine, customers) == []
    await asyncio.gather(*(served_again(errand, machine, visit) for errand in wanted))


async def _is_open(machine) -> bool:
    return (await machine.counters()).total(ORCHESTRATOR, "aiguy_tool_breaker_open", tool=TOOL) == 1


async def test_while_a_breaker_is_open_one_probe_at_a_time_reaches_the_tool_and_a_good_one_closes_it(
    machine, short_rests, visit, verdicts: Verdicts
) -> None:
    seen: list[str] = []

    async def ask() -> None:
        customer = await Customer.come(ORDER, machine, visit)
        seen.append(shown(await customer.ask()))

    async def asks_until(over: asyncio.Event) -> None:
        while not over.is_set():
            await ask()

    async def opened() -> bool:
        await ask()
        return await _is_open(machine)

    await machine.wipe_redis()
    over = asyncio.Event()
    async with hurt(machine, ("orders",), "answering 500"):
        await eventually(opened, 30)
        before, began = await machine.counters(), time.monotonic()
        asking = [asyncio.create_task(asks_until(over)) for _ in range(4)]
        told = len(seen)
        await eventually(lambda: len(seen) - told >= 40 and time.monotonic() - began > 3 * REST_S, 60)
        over.set()
        await asyncio.gather(*asking)
        after, lasted_s = await machine.counters(), time.monotonic() - began
    # The proxy spoils the answers only, so the service itself knows what reached it.
    reached = after.total("orders", "aiguy_tool_calls_total", tool=TOOL) - before.total(
        "orders", "aiguy_tool_calls_total", tool=TOOL
    )
    verdicts.breaker(asked=len(seen) - told, reached=reached, intervals=lasted_s / REST_S)
    assert 1 <= reached <= lasted_s / REST_S + 1
    assert set(seen) <= set(outcomes("tools")["answering 500"]["order"])
    await served_again(ORDER, machine, visit)
    assert not await _is_open(machine)


async def test_a_tool_that_begs_for_peace_gets_a_tenth_more_requests_at_most(
    machine, short_rests, visit, verdicts: Verdicts
) -> None:
    places = asyncio.Semaphore(8)
    visitor = visit(ADA)

    async def ask() -> None:
        async with places:
            turn = await visitor.say(ORDER.text)
            assert shown(turn) == "apology"

    await machine.wipe_redis()
    before = await machine.counters()
    async with hurt(machine, ("orders",), TOO_MANY):
        await asyncio.gather(*(ask() for _ in range(CALLS)))
    after = await machine.counters()
    reached = after.total("orders", "aiguy_tool_calls_total", tool=TOOL) - before.total(
        "orders", "aiguy_tool_calls_total", tool=TOOL
    )
    verdicts.retries(calls=CALLS, reached=reached)
    # A spent budget gets one back after half a minute, and no call takes longer than a second.
    assert CALLS <= reached <= 1.1 * CALLS + MOST_SAVED + CALLS / 30


async def test_the_first_person_who_is_fetched_after_an_outage_lets_all_the_others_come_who_were_promised(
    machine, short_rests, visit
) -> None:
    """The others' jobs have waited for so long that they would not be tried again within the hour."""
    visitors = [visit(stranger()) for _ in range(3)]
    async with hurt(machine, ["tickets"], "connection reset"):
        handed = [await one.follow(await one.hand_off(await one.begin())) for one in visitors]
        assert {turn.outcome for turn in handed} == {"handed_over"}
        promised = [turn.turn_id for turn in handed]
        put_off = await rows(machine.database(ORCHESTRATOR), _PUT_OFF, promised[1:])
        assert len(put_off) == len(promised[1:])

    async def all_fetched() -> bool:
        waiting = await rows(machine.database(ORCHESTRATOR), f"SELECT id FROM pgqueuer WHERE {_JOBS}", promised)
        assert not waiting, waiting
        return True

    await eventually(all_fetched, 60)
    found = [await tickets_of(machine.database("tickets"), turn.conversation_id) for turn in handed]
    assert [len(tickets) for tickets in found] == [1] * len(handed)
