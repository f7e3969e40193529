"""Customers who go on while something is broken, and what must be true of all of them afterwards."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from e2e.audit import Books
from e2e.facts import Row, connected, rows
from e2e.people import stranger
from e2e.refunds import RefundSoak
from e2e.soak import Soak
from e2e.visitor import Visitor
from onebox.ports import ORCHESTRATOR
from orchestrator.journal.verify import verify_conversation
from servicekit.testing import eventually

from .knocking import Allowed, Knocker
from .stores_support import SETTLED_S, Shop

#: What a turn of a calm machine stays under.
USUAL_S = 0.5
_TURNS = (
    "SELECT id, conversation_id, status, outcome, extract(epoch FROM ended_at - created_at)::float8 AS took_s"
    " FROM turns WHERE id = ANY ($1)"
)
_UNDER_WAY = "SELECT id, conversation_id, status, runs, inputs FROM turns WHERE status <> 'ended'"


@dataclass(slots=True)
class Storm:
    """What happened to everybody while something was broken. `slow`: how many times slower the machine is than one that
    has nothing else to do; all times are meant for that one.
    """

    shop: Shop
    soak: Soak
    refunds: RefundSoak
    knocker: Knocker
    slow: float

    async def wrong(self, allowed: Allowed) -> list[str]:
        """Everything that must not be: turns lost or ended twice, effects lost or made twice, chains broken, and
        whatever one of the knocks was told that is not allowed. AssertionError when a promise is not kept in time.
        """
        machine = self.shop.machine
        books = Books(machine.database(ORCHESTRATOR), machine.database("tickets"), self.soak)
        # A person who was promised in a turn is fetched after it, by a job.
        await books.settled(SETTLED_S * self.slow)
        told = [f"{wrong}: {one}" for one in self.knocker.answers if (wrong := one.wrong(allowed, self.slow))]
        return [
            *told, *await self._lost(allowed), *self.soak.failed, *self.refunds.failed, *await books.trouble(),
            *await self.shop.not_given_back_once(self.refunds.wanted),
        ]  # fmt: skip

    async def all_ended(self) -> bool:
        """True; AssertionError while a turn that was accepted of anybody is under way."""
        under_way = await rows(self.shop.machine.database(ORCHESTRATOR), _UNDER_WAY)
        assert not under_way, under_way[:3]
        return True

    async def _lost(self, allowed: Allowed) -> list[str]:
        """The turns that are not there, have no end, came to it too late, or whose chain is broken."""
        url = self.shop.machine.database(ORCHESTRATOR)
        known = await self._answered()
        found = [f"lost: {one}" for one in set(self.knocker.accepted) - {row["id"] for row in known}]
        found += [f"not ended: {row}" for row in known if row["status"] != "ended" or not row["outcome"]]
        found += [
            f"answered late: {row}"
            for row in known
            if allowed.turn_s is not None and row["took_s"] > allowed.turn_s * self.slow
        ]
        async with connected(url) as connection:
            broken = [await verify_conversation(connection, row["conversation_id"]) for row in known]
        return found + [f"the chain is broken: {one}" for one in broken if one is not None]

    async def _answered(self) -> list[Row]:
        """The turns in which nobody was waited for, of knocks and of all others."""
        asked = [held.turn.turn_id for held in self.soak.held if held.wanted.kind in ("knowledge", "order")]
        return await rows(self.shop.machine.database(ORCHESTRATOR), _TURNS, [*self.knocker.accepted, *asked])

    async def said(self) -> str:
        """A line about how it went."""
        known = await self._answered()
        codes = sorted({one.code or "no answer" for one in self.knocker.answers if not 0 < one.status < 400})
        return (
            f"{len(self.knocker.answers)} knocks, {len(known)} turns, refused with {codes},"
            f" slowest answer {max((one.after_s for one in self.knocker.answers), default=0):.1f} s,"
            f" slowest turn {max((row['took_s'] or 0 for row in known), default=0):.1f} s"
        )


@asynccontextmanager
async def storm(shop: Shop, *, turns: int = 14, refunds: int = 4, seconds: float = 4.0) -> AsyncIterator[Storm]:
    """Customers come over `seconds`, while the block breaks things; it ends when what it broke is mended.

    When it is left, everybody has their answer: within SETTLED_S of the end of the block, or an AssertionError.
    """
    seed = int(os.environ.get("AIGUY_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"seed {seed}: AIGUY_TEST_SEED={seed} holds the same conversations")
    asking = shop.visit(stranger(), patient=False)
    slow, conversation_id = await _calm_turn(asking)
    knocker, refunding = Knocker(asking, conversation_id), RefundSoak(await shop.paid(refunds), shop.visit)
    held = Storm(shop, Soak(seed, turns, seconds), refunding, knocker, slow)
    over, patience_s = asyncio.Event(), SETTLED_S * slow
    async with asyncio.TaskGroup() as everybody:
        everybody.create_task(knocker.work(over))
        talking = [everybody.create_task(held.soak.run(shop.visit)), everybody.create_task(refunding.run())]
        try:
            yield held
            mended = time.monotonic()
            over.set()
            _, late = await asyncio.wait(talking, timeout=patience_s)
            assert not late or await held.all_ended(), "customers wait for turns that have ended"
            assert not late, "customers are still asking"
        finally:
            over.set()
            for task in talking:
                task.cancel()
    await eventually(held.all_ended, max(1.0, patience_s - (time.monotonic() - mended)))
    print(f"settled after {time.monotonic() - mended:.1f} s of {patience_s:.0f} s; {await held.said()}")


async def _calm_turn(visitor: Visitor) -> tuple[float, str]:
    """Before anything breaks: how many times slower than USUAL_S a turn is, at least 1, and its conversation."""
    began = time.monotonic()
    turn = await visitor.say("How do I return an item?")
    return max(1.0, (time.monotonic() - began) / USUAL_S), turn.conversation_id
