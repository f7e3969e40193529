"""The SQL of deepening: windows that lack their deep vector are the queue, there is no other.

The worker holds a lock of the database for as long as its session lives, so over all replicas there is one.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from retrieval import repository
from retrieval.backends.port import Vector
from retrieval.indexed_text import indexed_text
from servicekit.db.arrays import byte_texts
from servicekit.db.pool import Connection

_LOCK = 7_214_502
_FLOAT32 = np.dtype("<f4")


async def pending_windows(db: Connection) -> int:
    """How many windows lack their deep vector."""
    found: int = await db.fetchval("SELECT count(*) FROM windows WHERE embedding IS NULL")
    return found


async def take_lock(db: Connection) -> bool:
    """Makes this session the one worker; False when another is. Ends with the session, or by `release_lock`."""
    taken: bool = await db.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK)
    return taken


async def release_lock(db: Connection) -> None:
    """Gives the lock back."""
    await db.execute("SELECT pg_advisory_unlock($1)", _LOCK)


async def is_worked_on(db: Connection) -> bool:
    """Whether some session is the worker now."""
    busy: bool = await db.fetchval(
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = $1 AND d.datname = current_database())",
        _LOCK,
    )
    return busy


async def next_texts(db: Connection, limit: int) -> dict[bytes, str]:
    """Texts of at most `limit` pending windows by their digest, findable and older documents first."""
    rows = await db.fetch(
        "SELECT w.digest, d.title, w.text FROM windows w JOIN chunks c ON c.id = w.chunk_id"
        " JOIN documents d ON d.id = c.document_id WHERE w.embedding IS NULL"
        " ORDER BY d.reviewed DESC, d.ingested_at, d.id, c.ordinal, w.ordinal LIMIT $1",
        limit,
    )
    return {row["digest"]: indexed_text(row["title"], row["text"]) for row in rows}


async def store(db: Connection, vectors: Mapping[bytes, Vector]) -> None:
    """Gives every pending window of these texts its vector, in the caller's transaction.

    Documents that are complete by it are announced to the indexes; others wait, so that each is taken over once.
    """
    await repository.raise_revision(db)  # first: it is what writers queue at
    rows = await db.fetch(
        "UPDATE windows w SET embedding = v.embedding"
        " FROM unnest($1::text[]::bytea[], $2::text[]::bytea[]) AS v (digest, embedding)"
        " WHERE w.digest = v.digest AND w.embedding IS NULL RETURNING w.chunk_id",
        byte_texts(vectors),
        byte_texts(vector.astype(_FLOAT32).tobytes() for vector in vectors.values()),
    )
    await _complete(db, [row["chunk_id"] for row in rows])


async def _complete(db: Connection, chunk_ids: Sequence[str]) -> None:
    await db.execute(
        "UPDATE documents d SET deepened = true"
        " WHERE NOT d.deepened AND d.id IN (SELECT document_id FROM chunks WHERE id = ANY($1))"
        " AND NOT EXISTS (SELECT FROM chunks c JOIN windows w ON w.chunk_id = c.id"
        " WHERE c.document_id = d.id AND w.embedding IS NULL)",
        chunk_ids,
    )
