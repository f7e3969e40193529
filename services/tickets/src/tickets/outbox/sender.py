"""Delivers what waits in the outbox, one message at a time for each way out, in the order of writing.

A message is taken for one attempt, which counts before it is made: one that brings the process down is given up too.
When the process ends between delivery and its record, the message is delivered once more, under the same id; whether
that is seen twice depends on the other side. A message that has to wait does not hold up the ones behind it.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from servicekit.clock import Clock
from servicekit.crypto import KeyUnavailable
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger
from servicekit.sealing.subjects import SubjectKeys
from servicekit.telemetry.metrics import Metrics
from tickets.outbox import repository
from tickets.outbox.message import Delivered, Delivery, OutboxMessage, Outcome, Refused, TryAgain


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard it is tried. An attempt ends after `attempt_s`; the lease is longer, so that no two overlap.

    The waits double from `first_wait_s` to `longest_wait_s`, and each is shortened at random by up to a half, so that
    what failed together does not come back together; after `tries` attempts it is given up.
    """

    tries: int = 10
    attempt_s: float = 30.0
    lease_s: float = 90.0
    first_wait_s: float = 5.0
    longest_wait_s: float = 3600.0
    poll_s: float = 1.0

    def wait_after(self, tries: int, chance: float) -> float:
        """Seconds to wait after that many attempts; `chance` is from 0 to 1."""
        longest = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(tries - 1, 30))
        return longest * (1.0 - chance / 2)


class Sender:
    """Sends the messages of one kind. Several may run, in this process and in others. `chance` gives 0 to 1."""

    def __init__(
        self, db: Database, delivery: Delivery, clock: Clock, metrics: Metrics, pace: Pace, keys: SubjectKeys,
        chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self._db, self._delivery, self._clock, self._pace, self._chance = db, delivery, clock, pace, chance
        self._keys = keys
        self._ended = metrics.counter(
            "aiguy_outbox_attempts_total", "Attempts to deliver a message by outcome.", ("kind", "outcome")
        )

    async def run(self) -> None:
        """Sends until it is cancelled. While nothing is due it looks again every `poll_s` seconds."""
        while True:
            try:
                busy = await self.send_next()
            except ProblemError as error:
                get_logger().warning("outbox_database_down", code=error.code.value)
                busy = False
            except KeyUnavailable as error:
                get_logger().error("master_key_unavailable", kid=error.key_id)
                busy = True  # this one waits; those behind it may be under another key
            except Exception as error:  # noqa: BLE001 - the sender outlives whatever goes wrong with one message
                get_logger().error("outbox_sender_broke", kind=self._delivery.kind.value, error=type(error).__name__)
                busy = False
            if not busy:
                await asyncio.sleep(self._pace.poll_s)

    async def send_next(self) -> bool:
        """One attempt for the message whose turn it is; False when none is due. Raises ProblemError of the database."""
        async with self._db.primary() as connection:
            kind = self._delivery.kind
            message = await repository.take(connection, self._keys, kind, self._clock.now(), self._pace.lease_s)
        if message is None:
            return False
        if message.tries > self._pace.tries:
            # The last attempt never came back: whether it arrived is not known, and it is not tried for ever.
            await self._give_up(message, "gave_up", "no_answer")
            return True
        await self._record(message, await self._attempt(message))
        return True

    async def _attempt(self, message: OutboxMessage) -> Outcome:
        try:
            async with asyncio.timeout(self._pace.attempt_s):
                return await self._delivery.deliver(message)
        except TimeoutError:
            return TryAgain("timeout")
        except Exception as error:  # noqa: BLE001 - one message that breaks the code must not stop all others
            get_logger().error("outbox_attempt_broke", message_id=message.id, error=type(error).__name__)
            return TryAgain("internal")

    async def _record(self, message: OutboxMessage, outcome: Outcome) -> None:
        match outcome:
            case Delivered():
                await self._end(message, "sent", "sent", "")
            case Refused(reason):
                await self._give_up(message, "refused", reason)
            case TryAgain(reason) if message.tries >= self._pace.tries:
                await self._give_up(message, "gave_up", reason)
            case TryAgain(reason, pause_s):
                await self._postpone(message, reason, pause_s)
            case other:
                assert_never(other)

    async def _postpone(self, message: OutboxMessage, reason: str, pause_s: float | None) -> None:
        now = self._clock.now()
        # A long limit must not use up the tries of the message that happens to be first.
        wait = max(pause_s or 0.0, self._pace.wait_after(message.tries, self._chance()))
        async with self._db.transaction() as connection:
            await repository.later(connection, message, reason, now + timedelta(seconds=wait))
            if pause_s is not None:
                await repository.pause(connection, message.kind, now + timedelta(seconds=pause_s))
        self._ended.labels(message.kind.value, "again").inc()
        get_logger().info("outbox_postponed", message_id=message.id, reason=reason, tries=message.tries, wait_s=wait)

    async def _give_up(self, message: OutboxMessage, outcome: str, reason: str) -> None:
        await self._end(message, "failed", outcome, reason)
        get_logger().error("outbox_message_failed", message_id=message.id, kind=message.kind.value, reason=reason)

    async def _end(self, message: OutboxMessage, state: str, outcome: str, reason: str) -> None:
        async with self._db.primary() as connection:
            await repository.end(connection, message, state, reason, self._clock.now())
        self._ended.labels(message.kind.value, outcome).inc()
