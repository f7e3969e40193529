"""What the journal schedules in its own transactions: timers and promises that must survive a crash."""

from datetime import datetime
from typing import Protocol

from servicekit.db.pool import Connection


class Scheduler(Protocol):
    """Durable timers; each is enqueued in the transaction that makes the promise."""

    async def expire_card(self, db: Connection, turn_id: str, digest: str, at: datetime) -> None:
        """Close the card at `at`, if nobody has decided it by then."""
        ...

    async def hand_off_later(self, db: Connection, turn_id: str) -> None:
        """Make the hand-over of this turn as soon as the ticket service answers."""
        ...
