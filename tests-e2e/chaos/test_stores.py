"""Postgres, Valkey and the search index break while customers talk, and come back.

`OUTAGES` says what customers may meet meanwhile. Of each: no turn that was accepted is lost, no refund and no ticket is
made twice, whoever is refused gets a problem with a code in time, and nobody has to do anything for it to be over.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest

from servicekit.testing import eventually

from . import outages as by
from .knocking import Allowed
from .outages import SILENT_S
from .stores_support import Shop
from .storm import storm

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
AWAY = frozenset({"dependency_down", "overloaded"})


@dataclass(frozen=True, slots=True)
class Outage:
    """A fault; what customers may meet while it lasts."""

    strikes: Callable[[Shop], AbstractAsyncContextManager[None]]
    allowed: Allowed

    def __str__(self) -> str:
        return self.strikes.__name__


#: Without Postgres nobody can be answered: who writes is refused and told so, and what was taken before goes on after.
#: Without Valkey and without the index everybody is answered, and soon.
OUTAGES = (
    Outage(by.postgres_restarted, Allowed(AWAY)),
    Outage(by.postgres_cut, Allowed(AWAY)),
    Outage(by.postgres_frozen, Allowed(AWAY | {"deadline_exceeded"}, answer_s=SILENT_S)),
    Outage(by.postgres_full, Allowed(AWAY, answer_s=7)),
    Outage(by.valkey_wiped, Allowed(turn_s=8)),
    Outage(by.valkey_emptied, Allowed(turn_s=8)),
    Outage(by.valkey_frozen, Allowed(turn_s=8)),
    Outage(by.valkey_gone, Allowed(turn_s=8)),
    Outage(by.index_deleted, Allowed(turn_s=8)),
    Outage(by.index_spoiled, Allowed(turn_s=8)),
)  # fmt: skip


@pytest.mark.parametrize("outage", OUTAGES, ids=str)
async def test_an_outage_loses_nothing_and_ends_by_itself(shop: Shop, outage: Outage) -> None:
    if outage.strikes is by.postgres_full and not (shop.machine.stack.home.root / "postgres").is_mount():
        pytest.skip("NO FULL DISK WAS TESTED: a disk of the database's own needs the right to mount one")
    async with storm(shop) as held:
        await eventually(lambda: len(held.soak.held) >= 3, 30)
        async with outage.strikes(shop):
            await shop.up_again(120)
    assert await held.wrong(outage.allowed) == []
    outcomes = {one.turn.outcome for one in held.soak.held}
    assert "answered" in outcomes
