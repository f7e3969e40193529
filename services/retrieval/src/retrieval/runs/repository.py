"""The SQL of runs and origins."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import AwareDatetime

from contracts.base import ContractModel
from contracts.knowledge import Action, Document
from contracts.tools.retrieval import Channel
from retrieval.sources.port import Kind, Origin
from servicekit.db.pool import Connection

#: The first half of the key of the advisory locks; the second is made from the name of the source.
LOCKS = 7_214_503
_KEPT_RUNS = 20
#: The column that counts an action.
COLUMNS: Mapping[Action, str] = {
    Action.CREATED: "created", Action.UPDATED: "updated", Action.UNCHANGED: "unchanged", Action.DELETED: "deleted",
    Action.FAILED: "refused", Action.SKIPPED: "skipped",
}  # fmt: skip


class RunState(StrEnum):
    """How a run stands. An interrupted one was stopped or died; what it had stored stays."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class LastRun(ContractModel):
    """The last run of a source. `error` is why it failed, or what was refused last; `documents` what is there now."""

    source: str
    kind: Kind
    state: RunState
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    documents: int
    created: int
    updated: int
    unchanged: int
    deleted: int
    refused: int
    skipped: int
    error: str


class Stored(NamedTuple):
    """A document's id and where it came from."""

    document_id: str
    origin: Origin


async def take_lock(db: Connection, source: str) -> bool:
    """Takes the source's lock for this connection; False when another one has it."""
    taken: bool = await db.fetchval("SELECT pg_try_advisory_lock($1, hashtext($2))", LOCKS, source)
    return taken


async def give_lock(db: Connection, source: str) -> None:
    """Gives it back."""
    await db.execute("SELECT pg_advisory_unlock($1, hashtext($2))", LOCKS, source)


async def start(db: Connection, source: str, kind: Kind, now: datetime) -> int:
    """Records the beginning of a run; the caller holds the lock, so an older one that seems to run has died."""
    await db.execute(
        "UPDATE ingest_runs SET state = 'interrupted', ended_at = $2 WHERE source = $1 AND state = 'running'",
        source, now,
    )  # fmt: skip
    number: int = await db.fetchval(
        "INSERT INTO ingest_runs (source, kind, state, started_at) VALUES ($1, $2, 'running', $3) RETURNING id",
        source, kind.value, now,
    )  # fmt: skip
    return number


async def count(db: Connection, run: int, counts: Mapping[Action, int], error: str) -> None:
    """Writes down how far it is."""
    await db.execute(
        "UPDATE ingest_runs SET created = $2, updated = $3, unchanged = $4, deleted = $5, refused = $6, skipped = $7,"
        " error = $8 WHERE id = $1",
        run, *(counts.get(action, 0) for action in COLUMNS), error,
    )  # fmt: skip


async def end(db: Connection, run: int, state: RunState, cursor: str, now: datetime) -> None:
    """Records how it ended, and forgets runs of the source from long ago."""
    await db.execute(
        "UPDATE ingest_runs SET state = $2, cursor = $3, ended_at = $4 WHERE id = $1", run, state.value, cursor, now
    )
    await db.execute(
        "DELETE FROM ingest_runs old USING ingest_runs this WHERE this.id = $1 AND old.source = this.source"
        " AND old.id < (SELECT min(id) FROM (SELECT id FROM ingest_runs WHERE source = this.source"
        " ORDER BY id DESC LIMIT $2) kept)"
        # The cursor must outlive any number of runs that fail.
        " AND (old.cursor = '' OR EXISTS (SELECT FROM ingest_runs newer WHERE newer.source = old.source"
        " AND newer.id > old.id AND newer.cursor <> ''))",
        run, _KEPT_RUNS,
    )  # fmt: skip


async def cursor_of(db: Connection, source: str) -> str:
    """The cursor that the last run of the source left; empty when none did."""
    found: str | None = await db.fetchval(
        "SELECT cursor FROM ingest_runs WHERE source = $1 AND cursor <> '' ORDER BY id DESC LIMIT 1", source
    )
    return found or ""


async def last_runs(db: Connection) -> tuple[LastRun, ...]:
    """The last run of each source. `db` must be the primary: a replica does not know who holds a lock."""
    rows = await db.fetch(
        "SELECT DISTINCT ON (r.source) r.*, (SELECT count(*) FROM documents d WHERE d.source = r.source) AS documents,"
        " EXISTS (SELECT FROM pg_locks l JOIN pg_database b ON b.oid = l.database WHERE l.locktype = 'advisory'"
        " AND b.datname = current_database() AND l.classid::bigint = $1 AND l.objsubid = 2 AND l.granted"
        " AND l.objid::bigint = hashtext(r.source)::bigint & 4294967295) AS held"
        " FROM ingest_runs r ORDER BY r.source, r.id DESC",
        LOCKS,
    )
    return tuple(_last_run(dict(row)) for row in rows)


def _last_run(row: dict[str, object]) -> LastRun:
    died = row["state"] == RunState.RUNNING.value and not row["held"]
    fields = {name: row[name] for name in LastRun.model_fields if name != "state"}
    return LastRun.model_validate({**fields, "state": RunState.INTERRUPTED if died else row["state"]})


async def origins(db: Connection, source: str) -> dict[str, Stored]:
    """All origins of a source by place."""
    rows = await db.fetch(
        "SELECT o.* FROM document_origins o JOIN documents d ON d.id = o.document_id WHERE d.source = $1", source
    )
    return {
        row["place"]: Stored(
            row["document_id"],
            Origin(row["place"], row["made_with"], row["etag"], row["last_modified"], row["lastmod"]),
        )
        for row in rows
    }


async def put_origin(db: Connection, document_id: str, origin: Origin) -> None:
    """Remembers where a stored document was found; nothing when it was deleted in between."""
    await db.execute(
        "INSERT INTO document_origins (document_id, place, made_with, etag, last_modified, lastmod)"
        " SELECT id, $2, $3, $4, $5, $6 FROM documents WHERE id = $1 FOR KEY SHARE ON CONFLICT (document_id) DO UPDATE"
        " SET place = $2, made_with = $3, etag = $4, last_modified = $5, lastmod = $6",
        document_id, origin.place, origin.made_with, origin.etag, origin.last_modified, origin.lastmod,
    )  # fmt: skip


async def document_ids(db: Connection, source: str, *, with_origin: bool = True) -> set[str]:
    """The ids of a source's documents: all, or only those of which nobody knows where they were found."""
    rows = await db.fetch(
        "SELECT id FROM documents WHERE source = $1"
        " AND ($2 OR NOT EXISTS (SELECT FROM document_origins o WHERE o.document_id = id))",
        source, with_origin,
    )  # fmt: skip
    return {row["id"] for row in rows}


async def stored_document(db: Connection, document_id: str) -> Document | None:
    """A document as it was stored."""
    row = await db.fetchrow(
        "SELECT url, title, body, tags, channels, is_policy, reviewed, updated_at, ttl_days FROM documents"
        " WHERE id = $1",
        document_id,
    )
    if row is None:
        return None
    fields = dict(row)
    return Document.model_validate({**fields, "channels": [Channel(one) for one in fields["channels"]]})
