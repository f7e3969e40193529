"""The SQL of macros: approved texts with their versions, and what came of those that were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from contracts.errors import ProblemCode
from contracts.ids import new_id
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

#: So many macros of a site are looked through for one that fits; more help nobody.
MOST_MACROS = 200
_COLUMNS = (
    "m.id, m.language, m.version, v.question, v.content, v.changed_by, v.changed_at, m.retired_at"
    " FROM macros m JOIN macro_versions v ON v.macro_id = m.id AND v.version = m.version"
)
_ACTIVE = (
    f"SELECT {_COLUMNS} WHERE m.issuer = $1 AND m.retired_at IS NULL AND ($2 = '' OR m.language = $2)"
    " ORDER BY v.question, m.id LIMIT $3"
)
_RETIRED = f"SELECT {_COLUMNS} WHERE m.issuer = $1 AND m.retired_at IS NOT NULL ORDER BY m.retired_at DESC LIMIT $2"
_ONE = f"SELECT {_COLUMNS} WHERE m.issuer = $1 AND m.id = $2"
_COUNT = "SELECT count(*) FROM macros WHERE issuer = $1 AND retired_at IS NULL"
_CREATE = (
    "INSERT INTO macros (id, issuer, language, suggestion_id, created_at) VALUES ($1, $2, $3, $4, $5)"
)  # fmt: skip
_WRITE = (
    "INSERT INTO macro_versions (macro_id, version, question, content, changed_by, changed_at)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
)
_NEXT = (
    "UPDATE macros SET version = version + 1 WHERE issuer = $1 AND id = $2 AND version = $3 AND retired_at IS NULL"
    " RETURNING version"
)
_RETIRE = (
    "UPDATE macros SET retired_at = $3, retired_by = $4 WHERE issuer = $1 AND id = $2 AND retired_at IS NULL"
    " RETURNING true"
)
_VERSIONS = (
    "SELECT v.version, v.question, v.content, v.changed_by, v.changed_at FROM macro_versions v"
    " WHERE v.macro_id = $1 ORDER BY v.version DESC"
)
_VERSION = (
    "SELECT v.content FROM macro_versions v JOIN macros m ON m.id = v.macro_id"
    " WHERE m.issuer = $1 AND v.macro_id = $2 AND v.version = $3"
)
_USED = (
    "UPDATE staff_messages SET macro_id = $3, macro_version = $4, macro_kept = $5"
    " WHERE conversation_id = $1 AND client_message_id = $2"
)
# A customer rates turns: those that they rated after the macro was sent count for it, each customer once.
_RESULTS = """
SELECT s.macro_id, s.macro_version, count(*) AS used, count(*) FILTER (WHERE s.macro_kept < $2) AS edited,
    count(r.down) AS rated, count(*) FILTER (WHERE r.down) AS down
FROM staff_messages s LEFT JOIN LATERAL (
    SELECT bool_or(coalesce(f.thumbs = -1, false) OR coalesce(f.csat <= 2, false)) AS down
    FROM turns t JOIN feedback f ON f.turn_id = t.id
    WHERE t.conversation_id = s.conversation_id AND f.created_at >= s.said_at
        AND (f.thumbs IS NOT NULL OR f.csat IS NOT NULL)
) r ON true WHERE s.macro_id = ANY ($1) GROUP BY s.macro_id, s.macro_version
"""


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro as it is now: what it answers, and the text. `language` is one of ours."""

    id: str
    language: str
    version: int
    question: str
    text: str
    changed_by: str
    changed_at: datetime
    retired: bool


@dataclass(frozen=True, slots=True)
class Version:
    """A text that a macro had, or has."""

    version: int
    question: str
    text: str
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Results:
    """What came of a version: how often it was `used`, and `edited` heavily then; how many customers `rated`
    afterwards, and how many of them `down`.
    """

    used: int = 0
    edited: int = 0
    rated: int = 0
    down: int = 0


async def active_macros(db: Connection, site: str, language: str = "") -> list[Macro]:
    """The site's macros, in one language or in all, at most 200."""
    return [_macro(row) for row in await db.fetch(_ACTIVE, site, language, MOST_MACROS)]


async def retired_macros(db: Connection, site: str, limit: int) -> list[Macro]:
    """Those that nobody can insert any more, the last first."""
    return [_macro(row) for row in await db.fetch(_RETIRED, site, limit)]


async def macro_of(db: Connection, site: str, macro_id: str) -> Macro:
    """One of the site's, retired or not. Raises NOT_FOUND."""
    row = await db.fetchrow(_ONE, site, macro_id)
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such macro.")
    return _macro(row)


async def versions_of(db: Connection, macro_id: str) -> list[Version]:
    """All texts of a macro, the newest first."""
    return [
        Version(row["version"], row["question"], row["content"], row["changed_by"], row["changed_at"])
        for row in await db.fetch(_VERSIONS, macro_id)
    ]


async def create_macro(
    db: Connection,
    site: str,
    language: str,
    suggestion_id: str | None,
    question: str,
    text: str,
    by: str,
    now: datetime,
) -> str:
    """A new macro; its id. Raises CONFLICT when the site has as many as are looked through."""
    if await db.fetchval(_COUNT, site) >= MOST_MACROS:
        raise ProblemError(
            ProblemCode.CONFLICT, f"There are {MOST_MACROS} macros already. Retire one that nobody uses."
        )
    macro_id = new_id("mac")
    await db.execute(_CREATE, macro_id, site, language, suggestion_id, now)
    await db.execute(_WRITE, macro_id, 1, question, text, by, now)
    return macro_id


async def change_macro(
    db: Connection, site: str, macro_id: str, seen: int, question: str, text: str, by: str, now: datetime
) -> int:
    """A further version behind the one that was `seen`. Raises NOT_FOUND, or CONFLICT when that is not the last, or the
    macro was retired.
    """
    version: int | None = await db.fetchval(_NEXT, site, macro_id, seen)
    if version is None:
        await macro_of(db, site, macro_id)
        raise ProblemError(ProblemCode.CONFLICT, "A colleague has changed or retired it meanwhile. Look at it again.")
    await db.execute(_WRITE, macro_id, version, question, text, by, now)
    return version


async def retire_macro(db: Connection, site: str, macro_id: str, by: str, now: datetime) -> bool:
    """Nobody can insert it any more; False: nobody could before. Raises NOT_FOUND."""
    if await db.fetchval(_RETIRE, site, macro_id, now, by):
        return True
    await macro_of(db, site, macro_id)
    return False


async def text_of(db: Connection, site: str, macro_id: str, version: int) -> str:
    """The text of one version, also of a macro that was retired meanwhile. Raises NOT_FOUND."""
    text: str | None = await db.fetchval(_VERSION, site, macro_id, version)
    if text is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such macro.")
    return text


async def note_use(
    db: Connection, conversation_id: str, client_message_id: str, macro_id: str, version: int, kept: float
) -> None:
    """A message of staff was made from this macro, and kept so much of it. In the transaction that says it."""
    await db.execute(_USED, conversation_id, client_message_id, macro_id, version, kept)


async def results_of(db: Connection, macro_ids: Sequence[str], kept: float) -> dict[tuple[str, int], Results]:
    """By macro and version. An answer that kept less than `kept` of its words in common was edited heavily."""
    return {
        (row["macro_id"], row["macro_version"]): Results(row["used"], row["edited"], row["rated"], row["down"])
        for row in await db.fetch(_RESULTS, list(macro_ids), kept)
    }


def _macro(row: Record) -> Macro:
    return Macro(
        row["id"], row["language"], row["version"], row["question"], row["content"], row["changed_by"],
        row["changed_at"], row["retired_at"] is not None,
    )  # fmt: skip
