"""The job queue: what is enqueued, in whose transaction. Payloads are small and hold no personal data."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from contracts.tools.retrieval import Channel
from contracts.turn import Answering
from servicekit.db.pool import Connection

RUN_TURN = "run_turn"
#: A turn whose answer was promised by e-mail (`job_run_turn` tells them apart).
RUN_LATER = "run_later"
MAIL_ANSWER = "mail_answer"
MAIL_STAFF = "mail_staff"
CHECK_MAIL = "check_mail"
#: Of customers to whom no person has spoken yet.
MAIL_WAITING = "mail_waiting"
REMIND_STAFF = "remind_staff"
EXPIRE_CARD = "expire_card"
HAND_OFF = "hand_off"
TELL_STAFF = "tell_staff"
ERASE_ELSEWHERE = "erase_elsewhere"
TRY_AGAIN = "try_again"
SLACK_CHAT = "slack_chat"
SLACK_STAFF = "slack_staff"
END_CALLBACK = "end_callback"
#: People wait for turns (10; 6 when one of them has many); timers can wait for them, and so can RUN_LATER (2 and 1).
_PRIORITY = {
    TRY_AGAIN: 8, END_CALLBACK: 8, SLACK_CHAT: 7, SLACK_STAFF: 7, HAND_OFF: 5, ERASE_ELSEWHERE: 4, TELL_STAFF: 3,
    MAIL_ANSWER: 3, MAIL_STAFF: 3, MAIL_WAITING: 3, REMIND_STAFF: 3, CHECK_MAIL: 1, EXPIRE_CARD: 0,
}  # fmt: skip
_HAND_OFF_DELAY = timedelta(seconds=5)
_NOW = (
    "UPDATE pgqueuer SET execute_after = now(), updated = now()"
    " WHERE entrypoint = $1 AND status = 'queued' AND execute_after > now()"
)
#: A server that knows no such address mostly says so at once.
_CHECK_DELAY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class JobQueue:
    """Enqueues jobs on the caller's connection, so that they exist exactly when its transaction commits.

    `staff_in_slack`: staff hear there of who waits for a person, and of approvals.
    """

    staff_in_slack: bool = False

    def shows(self, channel: str, answering: Answering) -> bool:
        """Whether an end of a turn is shown somewhere by a job (`show_end`)."""
        return channel == Channel.SLACK or (self.staff_in_slack and answering is Answering.STAFF)

    async def show_end(self, db: Connection, conversation_id: str, channel: str, answering: Answering) -> None:
        """Show how a turn of this conversation ended, to who wrote in Slack and to staff who hear of it there."""
        if channel == Channel.SLACK:
            await self.slack_chat(db, conversation_id)
        if answering is Answering.STAFF:
            await self.slack_staff(db, conversation_id)

    async def slack_chat(self, db: Connection, conversation_id: str) -> None:
        """Bring what its customer sees in Slack to where the conversation stands."""
        await self._enqueue(db, SLACK_CHAT, conversation_id.encode())

    async def slack_staff(self, db: Connection, conversation_id: str) -> None:
        """The same for staff, where they hear of it in Slack."""
        if self.staff_in_slack:
            await self._enqueue(db, SLACK_STAFF, conversation_id.encode())

    async def expire_card(self, db: Connection, turn_id: str, digest: str, at: datetime) -> None:
        """Close the card at `at`, if nobody has decided it by then."""
        payload = orjson.dumps({"turn_id": turn_id, "digest": digest})
        await self._enqueue(db, EXPIRE_CARD, payload, at - datetime.now(UTC))

    async def tell_staff(self, db: Connection, turn_id: str, digest: str, until: datetime) -> None:
        """Tell staff of a card now, and again when half of the time until `until` is over and it is still open."""
        first = orjson.dumps({"turn_id": turn_id, "digest": digest, "reminder": False})
        await self._enqueue(db, TELL_STAFF, first)
        again = orjson.dumps({"turn_id": turn_id, "digest": digest, "reminder": True})
        await self._enqueue(db, TELL_STAFF, again, (until - datetime.now(UTC)) / 2)

    async def try_again(self, db: Connection, turn_id: str, after_s: float) -> None:
        """Ask again in `after_s` seconds what came of the turn's write."""
        await self._enqueue(db, TRY_AGAIN, turn_id.encode(), timedelta(seconds=after_s))

    async def end_callback(self, db: Connection, turn_id: str, at_ms: int) -> None:
        """Go on without the tool's answer at `at_ms` (epoch milliseconds), if it has not called back by then."""
        await self._enqueue(db, END_CALLBACK, turn_id.encode(), _until(at_ms))

    async def hand_off_later(self, db: Connection, turn_id: str) -> None:
        """Make the hand-over of this turn as soon as the ticket service answers."""
        await self._enqueue(db, HAND_OFF, turn_id.encode(), _HAND_OFF_DELAY)

    async def hand_off_now(self, db: Connection) -> None:
        """The ticket service answers again: what waits to be handed over waits no longer."""
        await db.execute(_NOW, HAND_OFF)

    async def mail_answer(self, db: Connection, turn_id: str) -> None:
        """Send what came of this turn to its customer."""
        await self._enqueue(db, MAIL_ANSWER, turn_id.encode())

    async def mail_staff(self, db: Connection, conversation_id: str, place: int) -> None:
        """Send what staff said at this place of the thread to the customer, who wrote by mail."""
        await self._enqueue(db, MAIL_STAFF, orjson.dumps({"conversation_id": conversation_id, "place": place}))

    async def mail_waiting(self, db: Connection, hand_over_id: int, moment: str) -> None:
        """Tell who waits for a person, and is not there, by mail."""
        await self._enqueue(db, MAIL_WAITING, orjson.dumps({"hand_over": hand_over_id, "moment": moment}))

    async def remind_staff(self, db: Connection, hand_over_id: int) -> None:
        """Tell staff that this customer still waits for a person."""
        await self._enqueue(db, REMIND_STAFF, str(hand_over_id).encode())

    async def check_mail(self, db: Connection, turn_id: str, message_id: str) -> None:
        """See soon whether the mail of this turn was taken, or refused."""
        payload = orjson.dumps({"turn_id": turn_id, "message_id": message_id})
        await self._enqueue(db, CHECK_MAIL, payload, _CHECK_DELAY)

    async def erase_elsewhere(self, db: Connection, request_id: str, after_s: float = 0.0) -> None:
        """Have the other services erase the person of this request."""
        await self._enqueue(db, ERASE_ELSEWHERE, request_id.encode(), timedelta(seconds=after_s))

    async def _enqueue(self, db: Connection, job: str, payload: bytes, after: timedelta | None = None) -> None:
        queries = Queries(AsyncpgDriver(_raw(db)))
        await queries.enqueue(job, payload, priority=_PRIORITY[job], execute_after=after)


def _until(at_ms: int) -> timedelta:
    return datetime.fromtimestamp(at_ms / 1000, UTC) - datetime.now(UTC)


def _raw(db: Connection) -> asyncpg.Connection:
    # pgqueuer's driver is typed for a bare connection; a pooled one answers the same calls.
    return db  # type: ignore[return-value]
