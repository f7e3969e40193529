"""Fetching mails by IMAP: each goes the way of those that are handed in. What was read is remembered in Postgres.

A mail is taken in, and then passed: whoever dies in between takes it once more, and finds that it is known.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from prometheus_client import Counter

from contracts.errors import PROBLEMS
from orchestrator.api.deps import Desk
from orchestrator.channels.email.bookmark import Bookmark, claim, failed, passed, read_through, renumber, set_aside
from orchestrator.channels.email.mailbox import ImapServer, Mailbox, MailboxError, Opened
from orchestrator.channels.email.taking import MAX_MAIL_BYTES, MailRoom
from orchestrator.jobs.failing import log_failed
from servicekit.background import sweeping
from servicekit.db.pool import Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

#: So many mails of one pass; what is left comes at once with the next.
_BATCH = 50
#: A server that is down is asked less and less often, up to this.
_SELDOM_S = 900.0
#: A server that counts anew is read again from a while before it was last read: no mail falls between.
_AGAIN = timedelta(days=2)
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class MailboxReader:
    """Reads one mailbox every `every_s` seconds; several may run at once, one per worker. `passes` counts by result."""

    database: Database
    desk: Desk
    room: MailRoom
    server: ImapServer
    every_s: float
    passes: Counter

    @property
    def name(self) -> str:
        """The mailbox in our tables: nobody reads from it whose it is."""
        return self.room.channel.named(self.server.name)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Reads around the app's life."""
        async with sweeping("mailbox", self.every_s / _LOOKS, _BATCH, self.read):
            yield

    async def read(self) -> int:
        """One pass, when it is time and nobody else reads; how many mails it dealt with. A server that is down is no
        error. Raises ProblemError when the database is down.
        """
        async with self.database.primary() as db:
            bookmark = await claim(db, self.name, self._hold_s)
        if bookmark is None:
            return 0
        mailbox = Mailbox(self.server)
        try:
            done = await self._read(mailbox, bookmark)
        except MailboxError as error:
            await self._failed(bookmark, error.reason)
            return 0
        finally:
            await asyncio.to_thread(mailbox.close)
        self.passes.labels("read").inc()
        async with self.database.primary() as db:
            await read_through(db, self.name, 0 if done >= _BATCH else self.every_s)
        return done

    @property
    def _hold_s(self) -> float:
        """Longer than one mail can take: its question, its bytes, and the transaction."""
        return max(self.every_s, 4 * self.server.timeout_s)

    async def _read(self, mailbox: Mailbox, bookmark: Bookmark) -> int:
        opened = await asyncio.to_thread(mailbox.open)
        last = bookmark.last_uid
        if opened.uidvalidity != bookmark.uidvalidity:
            last = await self._first(mailbox, opened, bookmark) - 1
            async with self.database.primary() as db:
                await renumber(db, self.name, opened.uidvalidity, last)
        uids = (await asyncio.to_thread(mailbox.after, last))[:_BATCH]
        for uid in uids:
            reason = await self._take(mailbox, uid)
            async with self.database.transaction() as db:
                if reason and await set_aside(db, self.name, opened.uidvalidity, uid, reason):
                    self.room.heard.labels("set_aside").inc()
                    get_logger().error("a mail was set aside", uid=uid, reason=reason)
                await passed(db, self.name, opened.uidvalidity, uid, self._hold_s)
        return len(uids)

    async def _first(self, mailbox: Mailbox, opened: Opened, bookmark: Bookmark) -> int:
        """Where to begin when numbers mean nothing: behind all mails the first time, for what came before was answered
        by people; later a while before the last time, and mails that were taken are known.
        """
        if not bookmark.uidvalidity:
            return opened.uidnext
        # The server tells no parts of a second.
        since = max(bookmark.began_at, (bookmark.read_at or bookmark.began_at) - _AGAIN).replace(microsecond=0)
        # A day has no hours there, and is that of the server's own clock.
        for uid in await asyncio.to_thread(mailbox.since, (since - timedelta(days=1)).date()):
            about = await asyncio.to_thread(mailbox.about, uid)
            if about is not None and about.at >= since:
                return uid
        return opened.uidnext

    async def _take(self, mailbox: Mailbox, uid: int) -> str:
        """Take a mail in; why it is set aside, or "". Raises ProblemError when the database is down: it comes again."""
        about = await asyncio.to_thread(mailbox.about, uid)
        if about is None:
            return ""
        if about.size > MAX_MAIL_BYTES:
            return "too_large"
        raw = await asyncio.to_thread(mailbox.fetch, uid)
        try:
            if raw:
                await self.room.take(self.desk, raw)
        except ProblemError as error:
            if PROBLEMS[error.problem.code].retryable:
                raise
            return error.problem.code.value
        except Exception as error:  # noqa: BLE001 - whatever this mail does, the next ones must come
            log_failed("a mail broke", error)
            return type(error).__name__
        return ""

    async def _failed(self, bookmark: Bookmark, reason: str) -> None:
        self.passes.labels(reason).inc()
        if not bookmark.failures:  # once for each outage
            get_logger().warning("the mailbox cannot be read", reason=reason)
        pause_s = min(self.every_s * 2 ** min(bookmark.failures + 1, 16), _SELDOM_S)
        async with self.database.primary() as db:
            await failed(db, self.name, max(pause_s, self.every_s))
