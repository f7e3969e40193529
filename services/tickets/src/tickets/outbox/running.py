"""Keeps the senders running as long as the service does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from servicekit.background import stop
from servicekit.context import Kit
from servicekit.sealing.subjects import SubjectKeys
from tickets.outbox.message import Delivery
from tickets.outbox.sender import Pace, Sender


@asynccontextmanager
async def senders(kit: Kit, deliveries: Sequence[Delivery], pace: Pace, keys: SubjectKeys) -> AsyncIterator[None]:
    """One sender for each way out. At the end of the `with` they are cancelled: what was under way is tried again."""
    every = [Sender(kit.db, delivery, kit.clock, kit.metrics, pace, keys) for delivery in deliveries]
    tasks = [asyncio.create_task(sender.run()) for sender in every]
    try:
        yield
    finally:
        await stop(tasks)
