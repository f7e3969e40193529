"""Customers who hang up in mid-answer: their turns go on, the model is asked once for each, and nothing is left open.

`make prove-streams` runs this with 5,000 streams; the suite with a few.
"""

import asyncio
import os
from contextlib import aclosing

import psutil
import pytest

from e2e.facts import rows, turn_ended
from e2e.llm import scripted_orchestrator
from e2e.people import stranger
from e2e.visitor import Turn, Visitor
from onebox.ports import ORCHESTRATOR
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
STREAMS = int(os.environ.get("AIGUY_DROPPED_STREAMS", "20"))
AT_ONCE = 5
#: Of ten customers so many hang up.
DROPPING = 3
STORY = " ".join(f"Word{number} and word{number}." for number in range(8))
#: Connections of pools may come and go with the load.
_SPARE = 8
#: A model that is slow because the whole machine is has not failed: nobody else is asked in its place.
_PATIENCE = {f"AIGUY_LLM_{name}_S": "20" for name in ("TIMEOUT", "IDLE_TIMEOUT", "FALLBACK_TIMEOUT")}


async def _hangs_up(visitor: Visitor, turn: Turn) -> None:
    async with aclosing(visitor.events(turn.url)) as events:
        async for event in events:
            turn.events.append(event)
            if event.name == "chunk":
                return


async def _customer(visitor: Visitor, number: int) -> Turn:
    turn = await visitor.send(await visitor.begin(), f"Tell me a long story, number {number}")
    if number % 10 < DROPPING:
        await _hangs_up(visitor, turn)
    else:
        await visitor.follow(turn)
    await visitor.http.aclose()
    return turn


async def _customers(visit, numbers: range) -> list[Turn]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def customer(number: int) -> Turn:
        async with gate:
            return await _customer(visit(stranger()), number)

    return await asyncio.gather(*map(customer, numbers))


async def test_streams_that_are_dropped_leave_nothing_open_and_their_turns_go_on(machine, visit, llm) -> None:
    await machine.reconfigure(scripted_orchestrator(llm, **_PATIENCE))
    llm.say("Tell me", {"text": STORY})
    llm.behave(token_ms=10)
    process = psutil.Process(machine.stack.pids[ORCHESTRATOR])
    # Pools grow with the first crowd, in which nobody hangs up.
    await _customers(visit, range(9, 9 + 10 * AT_ONCE, 10))
    open_before, threads_before = process.num_fds(), process.num_threads()
    llm.model.received.clear()
    turns = await _customers(visit, range(STREAMS))
    dropped = [turn for turn in turns if not turn.named("end")]
    assert len(dropped) == sum(number % 10 < DROPPING for number in range(STREAMS))
    followed = [turn for turn in turns if turn not in dropped]
    assert [
        one for turn in followed if (one := (turn.outcome, turn.text, turn.streamed)) != ("answered", STORY, STORY)
    ] == []
    database = machine.database("orchestrator")
    for turn in dropped:
        assert (await turn_ended(database, turn.turn_id))["outcome"] == "answered"
    # Once for each turn, whoever listens; and each answer was read to its end, so no connection hangs.
    assert len(llm.model.received) == min(STREAMS, llm.model.received.maxlen)
    await eventually(lambda: all(one.ended == "complete" for one in llm.model.received), 10)
    told = [turn.turn_id for turn in turns]
    found = await rows(database, "SELECT id, runs FROM turns WHERE id = ANY($1)", told)
    assert sorted((row["id"], row["runs"]) for row in found) == sorted((one, 1) for one in told)
    await eventually(lambda: process.num_fds() <= open_before + _SPARE, 20)
    assert process.num_threads() <= threads_before + _SPARE
