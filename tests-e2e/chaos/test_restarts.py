"""The whole machine loses its power while customers talk, and comes up by itself.

What customers may meet meanwhile is `ALLOWED`: connections that break, and nothing that is half done afterwards.
"""

import os
import signal
from contextlib import suppress

import pytest

from onebox.stack import SERVICES
from servicekit.testing import eventually

from .knocking import Allowed
from .stores_support import Shop
from .storm import storm

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
ALLOWED = Allowed(frozenset({"dependency_down", "overloaded"}), answer_s=7, broken=True)


async def test_everything_dies_at_once_and_nothing_is_lost(shop: Shop) -> None:
    stack = shop.machine.stack
    async with storm(shop, turns=20, refunds=6) as held:
        await eventually(lambda: len(held.soak.held) >= 4 and len(held.knocker.accepted) >= 1, 30)
        before = stack.pids | stack.server_pids
        for pid in before.values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await eventually(lambda: _all_new(before, stack.pids | stack.server_pids), 120)
        await shop.up_again(120)
    assert await held.wrong(ALLOWED) == []
    assert set(SERVICES) <= set(before)
    assert "answered" in {one.turn.outcome for one in held.soak.held}


def _all_new(before: dict[str, int], now: dict[str, int]) -> bool:
    return all(now.get(name, pid) != pid for name, pid in before.items())
