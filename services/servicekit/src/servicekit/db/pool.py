"""The database of a service: a primary pool, optionally a replica pool for reads. One request, one transaction.

`read()` gives a connection without a transaction, `transaction()` one that commits at the edge of the `with`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

from contracts.errors import ProblemCode
from servicekit.db.errors import CONNECT_ERRORS, down, late, translate
from servicekit.errors import ProblemError

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    _Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
    _Pool: TypeAlias = asyncpg.Pool

ACQUIRE_TIMEOUT_S = 5.0
STATEMENT_TIMEOUT_S = 15.0
#: To leave a connection in order: one that is silent for so long is cut instead.
UNDO_TIMEOUT_S = 1.0
SHARE_TIMEOUT_S = 30.0


async def _keep_session(_: Any) -> None:
    # We set no session state (only SET LOCAL), so the usual reset round trip on release is not needed.
    return


def _all_in_use() -> ProblemError:
    return ProblemError(ProblemCode.OVERLOADED, "All database connections are in use.", retry_after_s=1)


async def _open(url: str, size: int, statement_timeout_s: float) -> _Pool:
    return await asyncpg.create_pool(
        url,
        min_size=0,  # a service starts, and says "not ready", while its database is still down
        max_size=size,
        command_timeout=statement_timeout_s,
        timeout=ACQUIRE_TIMEOUT_S,
        max_inactive_connection_lifetime=300,
        reset=_keep_session,
        server_settings={"application_name": "aiguy", "jit": "off", "timezone": "UTC"},
    )


async def _undo(connection: Connection, work: Transaction) -> None:
    """What goes wrong here is not told: the caller hears why there is something to undo, and a connection that is cut
    undoes it too.
    """
    try:
        async with asyncio.timeout(UNDO_TIMEOUT_S):
            await work.rollback()
    except CONNECT_ERRORS:
        _cut(connection)


def _cut(connection: Connection) -> None:
    with suppress(asyncpg.InterfaceError):  # the pool has taken it back already
        connection.terminate()


class Database:
    """The pools of one service. URLs are `postgresql://user:password@host:port/name`; `size` is connections per pool.

    Raises from its context managers: ProblemError(DEPENDENCY_DOWN | OVERLOADED | DEADLINE_EXCEEDED).
    """

    def __init__(self, primary: _Pool, replica: _Pool | None = None, share: asyncio.Semaphore | None = None) -> None:
        self._primary = primary
        self._replica = replica
        self._share = share

    @classmethod
    async def connect(
        cls, url: str, *, replica_url: str | None = None, size: int = 10,
        statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    ) -> "Database":  # fmt: skip
        """Opens the pools; connections are made when they are first needed."""
        primary = await _open(url, size, statement_timeout_s)
        return cls(primary, await _open(replica_url, size, statement_timeout_s) if replica_url else None)

    def share(self, size: int) -> "Database":
        """The same pools for work that can wait: `size` connections at once, so that some are left for what cannot.

        It waits for longer than others (`SHARE_TIMEOUT_S`); `close` is for the whole one.
        """
        return Database(self._primary, self._replica, asyncio.Semaphore(max(1, size)))

    @property
    def pool(self) -> _Pool:
        """The primary pool itself, for libraries that bring their own SQL (the job queue)."""
        return self._primary

    @property
    def has_replica(self) -> bool:
        """Whether `read()` may be a little behind `transaction()`."""
        return self._replica is not None

    @asynccontextmanager
    async def _connection(self, pool: _Pool) -> AsyncIterator[Connection]:
        if self._share is None:
            async with self._of(pool) as connection:
                yield connection
            return
        try:
            async with asyncio.timeout(SHARE_TIMEOUT_S):
                await self._share.acquire()
        except TimeoutError as error:
            raise _all_in_use() from error
        try:
            async with self._of(pool) as connection:
                yield connection
        finally:
            self._share.release()

    @asynccontextmanager
    async def _of(self, pool: _Pool) -> AsyncIterator[Connection]:
        try:
            connection = await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except TimeoutError as error:
            raise _all_in_use() from error
        except CONNECT_ERRORS as error:
            raise down() from error
        try:
            yield connection
        except TimeoutError as error:
            raise late() from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            if isinstance(error, asyncpg.InternalClientError):
                _cut(connection)  # or the pool would hand it out again
            if (found := translate(error)) is None:
                raise
            raise found from error
        finally:
            with suppress(*CONNECT_ERRORS):  # the pool has cut it then, and makes another when one is needed
                await pool.release(connection, timeout=UNDO_TIMEOUT_S)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection for reading, without a transaction: of the replica when there is one."""
        async with self._connection(self._replica or self._primary) as connection:
            yield connection

    @asynccontextmanager
    async def primary(self) -> AsyncIterator[Connection]:
        """A connection of the primary, without a transaction: each statement commits by itself."""
        async with self._connection(self._primary) as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection of the primary in a transaction: committed at the end of the `with`, undone on any error."""
        async with self._connection(self._primary) as connection:
            work = connection.transaction()
            await work.start()
            try:
                yield connection
            except BaseException:
                await _undo(connection, work)
                raise
            await work.commit()

    async def check(self) -> None:
        """A health check: raises ProblemError(DEPENDENCY_DOWN) when the primary does not answer."""
        async with self.primary() as connection:
            await connection.execute("SELECT 1")

    async def close(self) -> None:
        """Waits for connections in use (at most 5 s), then closes all."""
        for pool in (self._primary, self._replica):
            if pool is None:
                continue
            try:
                await asyncio.wait_for(pool.close(), timeout=5)
            except TimeoutError:
                pool.terminate()
