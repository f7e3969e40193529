"""Refunds while processes are killed at every step of theirs and the payment provider answers as it likes.

`make prove-refunds` runs it with many more.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import product

import pytest
import pytest_asyncio

from e2e.facts import connected
from e2e.machine import Machine
from e2e.payments import Payments, payments
from e2e.refund_books import wrong_in_books
from e2e.refunds import Intended, RefundSoak, Staff, balance, plan, settled, take_payments
from onebox.keys import KIM, LEE
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from servicekit.testing import eventually
from servicekit.testing.proving import how_many

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
REFUNDS = int(os.environ.get("AIGUY_PROVE_REFUNDS") or how_many(200, 5_000))
#: How often each process dies at each step.
ROUNDS = max(1, REFUNDS // 250)
SETTLED_S = 60.0
PATIENCE_S = 600.0
STEPS = ("confirmed", "approved", "submitted", "at the provider", "succeeded")
VICTIMS = ("billing", ORCHESTRATOR)
_EVENTS = "SELECT count(*) FROM refund_events WHERE kind = $1"


@pytest_asyncio.fixture(loop_scope="session")
async def provider(running_machine: Machine):
    """Billing moves money at a Stripe of ours; afterwards everything is as it was."""
    seed = int(os.environ.get("AIGUY_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"seed {seed}: AIGUY_TEST_SEED={seed} plans the same refunds and troubles")
    with payments(seed) as account:
        await running_machine.stack.restart("billing", account.environment)
        yield account
        account.at_effect = None
        await running_machine.stack.restart("billing")
        await running_machine.ready(*SERVICES)


class Reaper:
    """Kills a process just when a refund takes a step: each step and each victim in turn, `ROUNDS` times, spread over
    all refunds that are `wanted`.
    """

    def __init__(self, machine: Machine, account: Payments, wanted: Sequence[Intended]) -> None:
        self._machine, self._account, self._wanted = machine, account, wanted
        self.killed: Counter[tuple[str, str]] = Counter()

    async def work(self, over: asyncio.Event) -> None:
        """Until `over`; each time it waits for everything to be up again."""
        deaths = list(product(range(ROUNDS), STEPS, VICTIMS))
        for number, (_, step, victim) in enumerate(deaths):
            turn = number * len(self._wanted) // (len(deaths) + 1)
            await eventually(lambda turn=turn: over.is_set() or self._confirmed >= turn, PATIENCE_S)
            if over.is_set() or not await self._at(step, victim, over):
                return
            self.killed[step, victim] += 1
            await self._machine.ready(ORCHESTRATOR, "billing", timeout_s=90)

    @property
    def _confirmed(self) -> int:
        return sum(one.confirmed for one in self._wanted)

    async def _at(self, step: str, victim: str, over: asyncio.Event) -> bool:
        pid = self._machine.stack.pids[victim]
        if step == "at the provider":
            return await self._at_the_provider(pid, over)
        async with connected(self._machine.database("billing")) as connection:
            before = await connection.fetchval(_EVENTS, step)
            while not over.is_set():
                if await connection.fetchval(_EVENTS, step) > before:
                    os.kill(pid, signal.SIGKILL)
                    return True
                await asyncio.sleep(0.002)  # the pace of looking: a step takes about as long
        return False

    async def _at_the_provider(self, pid: int, over: asyncio.Event) -> bool:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def kill() -> None:
            self._account.at_effect = None
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            loop.call_soon_threadsafe(done.set)

        self._account.at_effect = kill
        waits = [asyncio.create_task(done.wait()), asyncio.create_task(over.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return done.is_set()


async def test_every_confirmed_refund_is_made_once(machine: Machine, short_rests, provider: Payments, visit) -> None:
    wanted = plan(REFUNDS, provider.dice)
    billing = machine.database("billing")
    await take_payments(billing, wanted, provider)
    reaper = Reaper(machine, provider, wanted)
    kim, lee = (machine.visitor(person, patient=True) for person in (KIM, LEE))
    soak = RefundSoak(wanted, lambda person: visit(person, patient=True))
    over = asyncio.Event()
    async with asyncio.TaskGroup() as all_of_it, kim, lee:
        killing = all_of_it.create_task(reaper.work(over))
        approving = all_of_it.create_task(Staff((kim, lee), wanted).work(over))
        await soak.run()
        over.set()
        await asyncio.gather(killing, approving)
        await settled(billing, wanted, SETTLED_S)
    found = await balance(billing, wanted, provider)
    books = await wrong_in_books(billing, [one.order for one in wanted])
    print(f"killed at: {dict(reaper.killed)}; {provider.troubled} answers of the provider spoiled")
    print(found)
    assert soak.failed == []
    assert (found.duplicated, found.lost, found.wrong) == ([], [], [])
    assert books == []
    assert found.intended == REFUNDS
    assert {step for step, _ in reaper.killed} == set(STEPS)
    assert {victim for _, victim in reaper.killed} == set(VICTIMS)
