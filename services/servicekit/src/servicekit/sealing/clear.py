"""Seals what is still in clear: rows from before there were keys, of an older replica, or of the demo shop.

Idempotent, in batches of one transaction each, by as many replicas as like to.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from servicekit.background import sweeping
from servicekit.crypto import KeyUnavailable, SealError
from servicekit.db.pool import Connection, Database
from servicekit.errors import ProblemError
from servicekit.logging import get_logger
from servicekit.sealing.subjects import SubjectKeys
from servicekit.sealing.tables import PersonalTable

_BATCH = 100
_EVERY_S = 60.0

#: What else a table needs of a row that is sealed now: the connection, the row as it was in clear, the person's name.
Also = Callable[[Connection, asyncpg.Record, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ClearRows:
    """Seals the rows of the tables; `also` by table."""

    db: Database
    keys: SubjectKeys
    tables: Sequence[PersonalTable]
    also: dict[str, Also]

    @asynccontextmanager
    async def running(self, every_s: float = _EVERY_S) -> AsyncIterator[None]:
        """One pass before the block, when the database is there, and one about every minute while it runs."""
        try:
            await self.seal_all()
        except (ProblemError, asyncpg.PostgresError) as error:
            # Not there yet, or not migrated yet: the service starts, says so itself, and this comes back to it.
            get_logger().warning("sealing_postponed", error=type(error).__name__)
        async with sweeping("sealing", every_s, _BATCH, self.seal_all):
            yield

    async def seal_all(self) -> int:
        """Seals what can be; how many rows. One whose key does not open stays, and is logged. Raises ProblemError."""
        return sum([await self._table(table) for table in self.tables])

    async def _table(self, table: PersonalTable) -> int:
        total, after = 0, ""
        while True:
            async with self.db.transaction() as connection:
                rows = await connection.fetch(
                    f"SELECT * FROM {table.table} WHERE NOT sealed AND {table.row_id} > $1"  # noqa: S608
                    f" ORDER BY {table.row_id} LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
                    after, _BATCH,
                )  # fmt: skip
                total += sum([await self._sealed(connection, table, row) for row in rows])
            if not rows:
                return total
            # Behind those that stay, or enough of them would hold up all others.
            after = rows[-1][table.row_id]

    async def _sealed(self, connection: Connection, table: PersonalTable, row: asyncpg.Record) -> bool:
        try:
            await self._seal(connection, table, row)
        except SealError as error:
            kid = error.key_id if isinstance(error, KeyUnavailable) else ""
            get_logger().error("row_left_in_clear", table=table.table, kid=kid)
            return False
        return True

    async def _seal(self, connection: Connection, table: PersonalTable, row: asyncpg.Record) -> None:
        name, row_id = self.keys.name(row[table.subject]), row[table.row_id]
        words = table.opened(row, None)
        values: list[object] = [row_id]
        if any(words.values()):
            sealer = await self.keys.sealer(connection, name)
            values += [
                sealer.seal(table.column(column), row_id, text) if text else b"" for column, text in words.items()
            ]
        else:
            values += [b""] * len(words)
        sets = [f"{column} = ${place}" for place, column in enumerate(words, start=2)]
        if table.hashed:
            values.append(name)
            sets.append(f"{table.subject} = ${len(values)}")
        await connection.execute(
            f"UPDATE {table.table} SET {', '.join(sets)}, sealed = true WHERE {table.row_id} = $1",  # noqa: S608
            *values,
        )
        if (also := self.also.get(table.table)) is not None:
            await also(connection, row, name)
