"""Deletes a person's tickets in Zendesk, where they keep what was written. It may be repeated."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from servicekit.db.pool import Connection
from servicekit.http.remote import RemoteFailure
from tickets.backends.zendesk_api import ZendeskApi

_NUMBERS = "SELECT number FROM tickets WHERE requester = $1 AND number LIKE '#%' ORDER BY created_at"
_AT_ONCE = 4


async def numbers_of(db: Connection, name: str) -> list[str]:
    """The numbers, as `#35436`, of the tickets in Zendesk that a person has, by the name that our tables call them."""
    return [row["number"] for row in await db.fetch(_NUMBERS, name)]


def left_there(numbers: Sequence[str]) -> dict[str, str]:
    """What is said of tickets that are still there."""
    return {"zendesk": f"left at Zendesk, to be deleted there: {', '.join(numbers)}"} if numbers else {}


@dataclass(frozen=True, slots=True)
class ZendeskErasing:
    """`limit_s` is for all tickets together: what is not done by then is left, and done when it is asked for again."""

    api: ZendeskApi
    limit_s: float = 2.0

    async def erase(self, numbers: Sequence[str]) -> tuple[int, list[str]]:
        """How many were deleted now, and which are left: refused, unanswered, or not come to."""
        gate = asyncio.Semaphore(_AT_ONCE)
        tasks = {number: asyncio.create_task(self._deleted(number, gate)) for number in numbers}
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self.limit_s)
        done = {number: task.result() for number, task in tasks.items() if task.done()}
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        return sum(found is True for found in done.values()), [one for one in numbers if done.get(one) is None]

    async def _deleted(self, number: str, gate: asyncio.Semaphore) -> bool | None:
        """True: now; False: it was gone already; None: they did not do it."""
        async with gate:
            try:
                return await self.api.delete(number.removeprefix("#"))
            except RemoteFailure:
                return None
