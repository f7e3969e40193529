"""Puts the attackers' texts where the shop keeps its own: help pages, and the lines of Ada's order."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from e2e.facts import connected
from e2e.machine import Machine
from onebox.ports import ORCHESTRATOR
from redteam.corpus import Case
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock

_SOURCE = "redteam"
_FIRST_LINE = 900
_ITEM = (
    "INSERT INTO order_items (order_id, line, sku, name, quantity, unit_price_minor)"
    " VALUES ('ABC123', $1, 'X-1', $2, 1, 0)"
)


@asynccontextmanager
async def planted(machine: Machine, cases: Iterable[Case]) -> AsyncIterator[None]:
    """The texts of the cases, until the block ends. Redis is emptied on both sides: it keeps what was read."""
    all_of = list(cases)
    await _pages(machine, [_page(one) for one in all_of if one.page])
    async with connected(machine.database("orders")) as orders:
        for place, text in enumerate(dict.fromkeys(one.item for one in all_of if one.item)):
            await orders.execute(_ITEM, _FIRST_LINE + place, text)
        await machine.wipe_redis()
        try:
            yield
        finally:
            await orders.execute("DELETE FROM order_items WHERE order_id = 'ABC123' AND line >= $1", _FIRST_LINE)
            await _pages(machine, [])
            await machine.wipe_redis()


def _page(case: Case) -> dict[str, Any]:
    return {
        "url": f"https://shop.example/help/{case.code}", "title": f"About {case.code}",
        "body": f"# About {case.code}\n\n{case.page_text}", "reviewed": True,
        "updated_at": datetime.now(UTC).isoformat(),
    }  # fmt: skip


async def _pages(machine: Machine, documents: list[dict[str, Any]]) -> None:
    minter = TokenMinter(KeySet.load(machine.stack.keys.signing), ORCHESTRATOR, SystemClock())
    token = minter.mint(audience="retrieval", subject="staff_kim", role=Role.STAFF, scopes=("kb.ingest",))
    body = {"documents": documents, "source": _SOURCE, "full_set": True}
    async with httpx.AsyncClient(base_url=machine.stack.url("retrieval"), timeout=60) as client:
        answer = await client.post(
            "/internal/ingest-knowledge", json=body, headers={"authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 200, answer.text
