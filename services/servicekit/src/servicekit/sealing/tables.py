"""Tables with words of or about people, described once: how their rows are sealed, exported and erased.

A column that is sealed has the type bytea: sealed bytes where the row's `sealed` is true, else the text as it was
before there were keys. An erased column is empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from servicekit.db.pool import Connection
from servicekit.sealing.subjects import SubjectKeys, SubjectSealer


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """`sealed` columns belong to the person in the column `subject`, which holds their hashed name where `hashed`.

    `told` are further columns that the person gets to see in an export. `blanked` is what an erasure sets besides, as
    SQL, and also in rows where only the condition `further` is true; with `deleted` it takes the rows away instead. All
    names come from our own code.
    """

    kind: str
    table: str
    sealed: tuple[str, ...]
    subject: str
    hashed: bool
    told: tuple[str, ...] = ()
    blanked: str = ""
    further: str = ""
    deleted: bool = False
    row_id: str = "id"
    at: str = "created_at"

    def opened(self, row: asyncpg.Record | Mapping[str, Any], opener: SubjectSealer | None) -> dict[str, str]:
        """The sealed columns of a row, as text; without a key they were erased. Raises SealError."""
        return {column: self.text(row, column, opener) for column in self.sealed}

    def text(self, row: asyncpg.Record | Mapping[str, Any], column: str, opener: SubjectSealer | None) -> str:
        """One of them. Raises SealError."""
        value: bytes = row[column]
        if not row["sealed"]:
            return value.decode()
        return "" if opener is None else opener.open(self.column(column), row[self.row_id], value)

    def column(self, name: str) -> str:
        """What a value of that column is bound to, together with its row's id."""
        return f"{self.table}.{name}"


@dataclass(frozen=True, slots=True)
class Record:
    """Something that is kept of a person: `at` in ISO format."""

    kind: str
    id: str
    at: str
    fields: Mapping[str, Any]


async def export(db: Connection, keys: SubjectKeys, table: PersonalTable, subject: str) -> list[Record]:
    """All rows of the person in clear, oldest first. Raises KeyUnavailable, SealError."""
    name = keys.name(subject)
    columns = ", ".join((table.row_id, table.at, "sealed", *table.sealed, *table.told))
    query = f"SELECT {columns} FROM {table.table} WHERE {_theirs(table)} ORDER BY {table.at}, {table.row_id}"  # noqa: S608 - names of our own
    rows = await db.fetch(query, [name, subject])
    opener = await keys.opener(db, name) if rows else None
    return [
        Record(table.kind, row[table.row_id], row[table.at].isoformat(), _fields(table, row, opener)) for row in rows
    ]


async def erase(db: Connection, keys: SubjectKeys, table: PersonalTable, subject: str) -> int:
    """Takes the person's words out of the table; of how many rows. Their key is destroyed before that."""
    name = keys.name(subject)
    if table.deleted:
        query = f"DELETE FROM {table.table} WHERE {_theirs(table)}"  # noqa: S608 - names of our own
    else:
        sets = [f"{column} = ''" for column in table.sealed] + [f"{table.subject} = $2"] * table.hashed
        sets += [table.blanked] if table.blanked else []
        full = " OR ".join(
            [*(f"{column} <> ''" for column in table.sealed), *([table.further] if table.further else [])]
        )
        query = f"UPDATE {table.table} SET sealed = true, {', '.join(sets)} WHERE {_theirs(table)} AND ({full})"  # noqa: S608
    values = (name,) * (table.hashed and not table.deleted)
    done: str = await db.execute(query, [name, subject], *values)
    return int(done.rsplit(" ", 1)[1])


def _theirs(table: PersonalTable) -> str:
    # A row from before there were keys has the plain subject.
    return f"{table.subject} = ANY($1)"


def _fields(table: PersonalTable, row: asyncpg.Record, opener: SubjectSealer | None) -> dict[str, Any]:
    words = {name: text for name, text in table.opened(row, opener).items() if text}
    return {name: row[name] for name in table.told if row[name] is not None} | words
