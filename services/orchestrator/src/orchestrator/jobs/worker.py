"""The worker: takes jobs from the queue until it is told to stop, and survives the loss of its database connection."""

import asyncio
import logging
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncpg
import orjson
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.applications import PgQueuer
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.domain.models import Job

from orchestrator.channels.slack.posting import NotShown
from orchestrator.handover.policy import Moment
from orchestrator.jobs.erasures import ErasureJobs
from orchestrator.jobs.failing import log_failed
from orchestrator.jobs.mailing import MailJobs
from orchestrator.jobs.promises import PromiseJobs
from orchestrator.jobs.queue import (
    CHECK_MAIL,
    END_CALLBACK,
    ERASE_ELSEWHERE,
    EXPIRE_CARD,
    HAND_OFF,
    MAIL_ANSWER,
    MAIL_STAFF,
    MAIL_WAITING,
    REMIND_STAFF,
    RUN_LATER,
    RUN_TURN,
    SLACK_CHAT,
    SLACK_STAFF,
    TELL_STAFF,
    TRY_AGAIN,
)
from orchestrator.jobs.room import Room
from orchestrator.jobs.slack import SlackJobs
from orchestrator.jobs.taking import roomy
from orchestrator.jobs.turns import TurnJobs
from orchestrator.journal.scheduling import run_turn
from servicekit.db.errors import CONNECT_ERRORS
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

#: After this a lost worker's jobs are taken over.
HEARTBEAT_TIMEOUT = timedelta(seconds=4)
#: Jobs of other kinds that run besides turns.
_OTHERS = 16
_SWEEP_S = 2.0
_RECONNECT_S = 0.5
_RETRY = timedelta(seconds=1)
#: What waits for a system outside is asked for after a quarter of the time that it has waited: soon after a short
#: outage, and seldom in a long one.
_WAITED_SHARE, _SOONEST, _LATEST = 4, timedelta(seconds=1), timedelta(seconds=15)
_SELDOM = timedelta(seconds=60)
#: A turn that should run, with neither a lease nor a job: the process that ran it was lost, or its job was dropped.
_ORPHANS = (
    "SELECT id FROM turns t WHERE status = 'running' AND (leased_until IS NULL OR leased_until < now()) AND NOT EXISTS"
    " (SELECT 1 FROM pgqueuer q WHERE q.entrypoint IN ('run_turn', 'run_later')"
    " AND q.payload = convert_to(t.id, 'UTF8'))"
)


Result = TypeVar("Result")
_OUTAGE = (*CONNECT_ERRORS, ProblemError, FailingListenerError)


class Worker:
    """One worker; `start` and `stop` belong to the lifespan. It takes as many turns as there is `room` for, and besides
    them up to twice `_OTHERS` jobs of other kinds: a timer does not wait until a conversation has ended.
    """

    def __init__(
        self, url: str, database: Database, turns: TurnJobs, promises: PromiseJobs, mails: MailJobs,
        erasures: ErasureJobs, room: Room, slack: SlackJobs | None = None,
    ) -> None:  # fmt: skip
        self._url, self._database, self._erasures = url, database, erasures
        self._turns, self._promises, self._mails = turns, promises, mails
        self._room, self._slack = room, slack
        self._stopping = asyncio.Event()
        self._application: PgQueuer | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to take jobs."""
        # Its lines would repeat ours, with a stack trace each, for as long as a database is away.
        logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)
        self._tasks = [
            asyncio.create_task(self._forever(self._work), name="worker"),
            asyncio.create_task(self._forever(self._sweep), name="worker-sweep"),
        ]

    async def stop(self) -> None:
        """Take no further job and wait for those that run; what is cut off anyway is taken over by another worker."""
        self._stopping.set()
        if self._application is not None:
            self._application.shutdown.set()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def check(self) -> None:
        """A health check: raises when the worker's loop has died."""
        if any(task.done() for task in self._tasks) and not self._stopping.is_set():
            raise RuntimeError("the worker has stopped")

    async def _forever(self, work) -> None:  # type: ignore[no-untyped-def]
        lost = False
        while not self._stopping.is_set():
            try:
                await work()
            except _OUTAGE as error:
                if not lost:  # once for each outage, not twice a second
                    get_logger().warning("worker lost its database", reason=type(error).__name__)
                lost = True
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), _RECONNECT_S)

    async def _work(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            self._application = application = roomy(PgQueuer(AsyncpgDriver(connection)), self._room)
            self._register(application)
            if not self._stopping.is_set():
                await application.run(
                    dequeue_timeout=timedelta(seconds=5), batch_size=_OTHERS,
                    max_concurrent_tasks=self._room.limit.most + _OTHERS * 2, heartbeat_timeout=HEARTBEAT_TIMEOUT,
                    shutdown_on_listener_failure=True,
                )  # fmt: skip
        finally:
            self._application = None
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                await connection.close(timeout=2)

    def _register(self, application: PgQueuer) -> None:
        @application.entrypoint(RUN_TURN)
        @application.entrypoint(RUN_LATER)
        async def run_the_turn(job: Job) -> None:
            with self._room.taken() as place:
                place.asked_s = await _retried(self._turns.run(_text(job)))

        @application.entrypoint(MAIL_ANSWER)
        async def mail_answer(job: Job) -> None:
            if not await _retried(self._mails.send(_text(job))):
                raise RetryRequested(delay=_later(job), reason="the answer cannot be mailed yet")

        @application.entrypoint(MAIL_STAFF)
        async def mail_staff(job: Job) -> None:
            told = orjson.loads(job.payload or b"{}")
            if not await _retried(self._mails.relay(told["conversation_id"], told["place"])):
                raise RetryRequested(delay=_later(job), reason="what staff said cannot be mailed yet")

        @application.entrypoint(MAIL_WAITING)
        async def mail_waiting(job: Job) -> None:
            told = orjson.loads(job.payload or b"{}")
            if not await _retried(self._mails.tell_waiting(told["hand_over"], Moment(told["moment"]))):
                raise RetryRequested(delay=_later(job), reason="who waits cannot be told by mail yet")

        @application.entrypoint(REMIND_STAFF)
        async def remind_staff(job: Job) -> None:
            if not await _retried(self._promises.remind_staff(int(_text(job)))):
                raise RetryRequested(delay=_later(job), reason="the reminder was not taken")

        @application.entrypoint(CHECK_MAIL)
        async def check_mail(job: Job) -> None:
            told = orjson.loads(job.payload or b"{}")
            if not await _retried(self._mails.check(told["turn_id"], told["message_id"])):
                raise RetryRequested(delay=_SELDOM, reason="nobody knows yet whether the mail was taken")

        @application.entrypoint(EXPIRE_CARD)
        async def expire_card(job: Job) -> None:
            payload = orjson.loads(job.payload or b"{}")
            await _retried(self._promises.expire_card(payload["turn_id"], payload["digest"]))

        @application.entrypoint(HAND_OFF)
        async def hand_off(job: Job) -> None:
            if not await _retried(self._promises.hand_off(_text(job))):
                raise RetryRequested(delay=_later(job), reason="the ticket service does not answer")

        @application.entrypoint(TRY_AGAIN)
        async def try_again(job: Job) -> None:
            await _retried(self._promises.try_again(_text(job)))

        @application.entrypoint(END_CALLBACK)
        async def end_callback(job: Job) -> None:
            await _retried(self._promises.end_callback(_text(job)))

        @application.entrypoint(ERASE_ELSEWHERE)
        async def erase_elsewhere(job: Job) -> None:
            if not await _retried(self._erasures.run(_text(job))):
                raise RetryRequested(delay=_later(job), reason="not every service has erased the person")

        @application.entrypoint(TELL_STAFF)
        async def tell_staff(job: Job) -> None:
            told = orjson.loads(job.payload or b"{}")
            card = (told["turn_id"], told["digest"])
            if not await _retried(self._promises.tell_staff(*card, reminder=told["reminder"])):
                raise RetryRequested(delay=_later(job), reason="the notice was not taken")

        @application.entrypoint(SLACK_CHAT)
        async def slack_chat(job: Job) -> None:
            # A channel that is off by now has jobs from before, and nothing to do.
            if self._slack is not None:
                _again(job, await _retried(self._slack.show_chat(_text(job), job.created)))

        @application.entrypoint(SLACK_STAFF)
        async def slack_staff(job: Job) -> None:
            if self._slack is not None:
                _again(job, await _retried(self._slack.show_staff(_text(job), job.created)))

    async def _sweep(self) -> None:
        while not self._stopping.is_set():
            await enqueue_orphans(self._database)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _SWEEP_S)


async def enqueue_orphans(database: Database) -> None:
    """Give every turn that should run and that nobody runs a job."""
    async with database.transaction() as db:
        for row in await db.fetch(_ORPHANS):
            await run_turn(db, row["id"])


async def _retried(work: Awaitable[Result]) -> Result:
    """Run a job; a job that fails is tried again later, because a failed job would be deleted."""
    try:
        return await work
    except Exception as error:  # the outermost edge of a job: nothing may end it but success
        log_failed("a job failed and will be tried again", error)
        raise RetryRequested(delay=_RETRY, reason=type(error).__name__) from error


def _later(job: Job) -> timedelta:
    waited = datetime.now(UTC) - job.created
    return min(max(waited / _WAITED_SHARE, _SOONEST), _LATEST)


def _again(job: Job, failed: NotShown | None) -> None:
    if failed is not None:
        delay = _later(job) if failed.pause_s is None else timedelta(seconds=failed.pause_s)
        raise RetryRequested(delay=delay, reason=failed.reason)


def _text(job: Job) -> str:
    return (job.payload or b"").decode()
