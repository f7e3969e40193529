"""What the journal schedules in its own transactions: timers and promises that must survive a crash."""

from datetime import datetime
from typing import Protocol

from contracts.turn import Answering
from servicekit.db.pool import Connection


async def run_turn(db: Connection, turn_id: str) -> None:
    """Enqueue the turn in the caller's transaction."""
    await db.execute("SELECT job_run_turn($1)", turn_id)


class Scheduler(Protocol):
    """Durable timers; each is enqueued in the transaction that makes the promise."""

    async def expire_card(self, db: Connection, turn_id: str, digest: str, at: datetime) -> None:
        """Close the card at `at`, if nobody has decided it by then."""
        ...

    async def tell_staff(self, db: Connection, turn_id: str, digest: str, until: datetime) -> None:
        """Tell staff of a card now, and again when half of the time until `until` is over and it is still open."""
        ...

    async def try_again(self, db: Connection, turn_id: str, after_s: float) -> None:
        """Ask again in `after_s` seconds what came of the turn's write."""
        ...

    async def end_callback(self, db: Connection, turn_id: str, at_ms: int) -> None:
        """Go on without the tool's answer at `at_ms` (epoch milliseconds), if it has not called back by then."""
        ...

    def shows(self, channel: str, answering: Answering) -> bool:
        """Whether an end of a turn is shown somewhere by a job."""
        ...

    async def show_end(self, db: Connection, conversation_id: str, channel: str, answering: Answering) -> None:
        """Show how a turn of this conversation ended, or that it waits."""
        ...

    async def hand_off_later(self, db: Connection, turn_id: str) -> None:
        """Make the hand-over of this turn as soon as the ticket service answers."""
        ...

    async def mail_answer(self, db: Connection, turn_id: str) -> None:
        """Send what came of this turn to its customer."""
        ...
