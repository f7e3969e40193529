"""SIGKILL of any one process at any moment: nothing is lost and nothing happens twice.

A thousand turns in the suite, ten thousand by `make prove-turns`.
"""

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress

import pytest
import pytest_asyncio

from e2e.audit import Books
from e2e.machine import PROCESSES, Machine
from e2e.people import Person
from e2e.replays import odd, replayed
from e2e.soak import Soak
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from servicekit.testing.proving import how_many

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TURNS = how_many(1_000, 10_000)
#: Ten turns a second are begun, whatever dies, and twice as many may be under way: more, and a small machine is so busy
#: with them that what was killed is not up again before the next one dies.
LOAD_S, AT_ONCE = TURNS / 10, 20
#: A confirmed write that meets one outage after the other is asked for again with ever longer pauses, for a little more
#: than nine minutes (`turn/waiting.py`). Its customer is told so, and waits.
PATIENCE_S = 600.0
#: How often every process dies. Not until all turns have ended: writes that meet one outage after the other would keep
#: the storm going for those nine minutes, with little else under way.
ROUNDS = TURNS // 200
PAUSE_S = (1.5, 2.5)
SETTLED_S = 30.0


@pytest_asyncio.fixture(loop_scope="session")
async def wounded(machine: Machine, short_rests: None):
    """The machine, whose breakers rest a second: a minute is longer than the whole storm, and what came back would
    not be asked. Afterwards everything must be up again by itself."""
    yield machine
    await machine.ready(*SERVICES)


async def _kill_one_after_the_other(machine: Machine, seed: int, over: asyncio.Event) -> Counter[str]:
    """Kills every process `ROUNDS` times, or until `over`. Before the next one a new orchestrator has to be up."""
    dice = random.Random(seed)
    killed: Counter[str] = Counter()
    for victim in (one for _ in range(ROUNDS) for one in dice.sample(PROCESSES, len(PROCESSES))):
        if over.is_set():
            break
        await machine.kill(victim)
        killed[victim] += 1
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), dice.uniform(*PAUSE_S))
        await machine.ready(ORCHESTRATOR)
    return killed


async def test_every_accepted_turn_ends_once_and_no_ticket_is_made_twice(wounded: Machine, visit) -> None:
    seed = int(os.environ.get("AIGUY_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"seed {seed}: AIGUY_TEST_SEED={seed} holds the same conversations and kills in the same order")
    soak = Soak(seed, TURNS, LOAD_S)
    over = asyncio.Event()

    def visitor(person: Person):
        patient = visit(person, patient=True)
        patient.patience_s = PATIENCE_S
        return patient

    async with asyncio.TaskGroup() as both:
        killing = both.create_task(_kill_one_after_the_other(wounded, seed, over))
        await soak.run(visitor, AT_ONCE)
        over.set()
    killed = killing.result()
    print(f"killed: {dict(killed)}; turns held: {len(soak.held)}")
    books = Books(wounded.database("orchestrator"), wounded.database("tickets"), soak)
    assert soak.failed == []
    # The last to die is the orchestrator, so that the books are those of a new one.
    await wounded.kill(ORCHESTRATOR)
    await wounded.ready(ORCHESTRATOR)
    await books.settled(SETTLED_S)
    outcomes = Counter(held.turn.outcome for held in soak.held)
    print(f"outcomes: {dict(outcomes)}")
    assert await books.trouble() == []
    again = await replayed(wounded, books.conversations)
    assert len(again) == TURNS
    assert odd(again) == []
    assert len(soak.held) == TURNS
    assert set(killed) == set(PROCESSES)
    # A machine that only ever says sorry would pass all of the above.
    assert outcomes["answered"] > TURNS / 4
