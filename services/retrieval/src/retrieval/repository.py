"""All SQL of the knowledge base. The caller brings the connection and, for writes, the transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from contracts.knowledge import Document
from retrieval.backends.port import Vector
from retrieval.chunking import Chunk
from retrieval.indexed_text import indexed_text, text_digest
from servicekit.db.pool import Connection

_FLOAT16 = np.dtype("<f2")
_FLOAT32 = np.dtype("<f4")
#: What a document's index entries are made from: its content, and whether all its deep vectors are there.
_VERSION = "d.content_hash || CASE WHEN d.deepened THEN '+' ELSE '' END"

_WINDOWS = f"""
SELECT d.id AS document_id, {_VERSION} AS version, c.id AS chunk_id, w.ordinal, d.title, d.url, d.tags, d.channels,
       d.is_policy, d.updated_at, d.ttl_days, w.section, w.anchor, w.text, c.text AS chunk_text, w.embedding, w.quick
  FROM documents d JOIN chunks c ON c.document_id = d.id JOIN windows w ON w.chunk_id = c.id
 WHERE d.id = ANY($1) ORDER BY d.id, c.ordinal, w.ordinal
"""  # noqa: S608 - constants only


class CorpusState(NamedTuple):
    """`revision` counts changes; `epoch` counts orders to make every index anew."""

    revision: int
    epoch: int


class Totals(NamedTuple):
    """How much knowledge there is; `reviewed` of the `documents` can be found."""

    documents: int
    reviewed: int
    chunks: int
    windows: int


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window with all that its index entry is made from."""

    document_id: str
    version: str
    chunk_id: str
    ordinal: int
    title: str
    url: str
    tags: tuple[str, ...]
    channels: tuple[str, ...]
    is_policy: bool
    updated_at: datetime
    expires_at: datetime | None
    section: str
    anchor: str
    text: str
    chunk_text: str
    deep: Vector | None
    quick: Vector | None

    @property
    def indexed_text(self) -> str:
        """What the window is found by."""
        return indexed_text(self.title, self.text)


async def corpus_state(db: Connection) -> CorpusState:
    """Where the corpus stands."""
    row = await db.fetchrow("SELECT revision, epoch FROM corpus")
    return CorpusState(row["revision"], row["epoch"]) if row else CorpusState(0, 0)


async def totals(db: Connection) -> Totals:
    """Counts of what is stored."""
    row = await db.fetchrow(
        "SELECT (SELECT count(*) FROM documents) AS documents,"
        " (SELECT count(*) FROM documents WHERE reviewed) AS reviewed,"
        " (SELECT count(*) FROM chunks) AS chunks, (SELECT count(*) FROM windows) AS windows"
    )
    return Totals(*(row or (0, 0, 0, 0)))


async def raise_revision(db: Connection) -> None:
    """Tells every service that something changed. Also makes writers queue, so revisions commit in their order."""
    await db.execute("UPDATE corpus SET revision = revision + 1")


async def raise_epoch(db: Connection) -> None:
    """Has every service make its index anew."""
    await db.execute("UPDATE corpus SET epoch = epoch + 1")


async def content_hash(db: Connection, document_id: str) -> str | None:
    """The content hash of a stored document; None when there is none."""
    found: str | None = await db.fetchval("SELECT content_hash FROM documents WHERE id = $1", document_id)
    return found


async def searchable(db: Connection) -> dict[str, str]:
    """Versions of all documents that may be found, by document id."""
    rows = await db.fetch(f"SELECT d.id, {_VERSION} AS version FROM documents d WHERE d.reviewed")  # noqa: S608 - constants only
    return {row["id"]: row["version"] for row in rows}


async def urls_of(db: Connection, source: str) -> dict[str, str]:
    """URL by document id, of all documents of a source."""
    rows = await db.fetch("SELECT id, url FROM documents WHERE source = $1 ORDER BY url", source)
    return {row["id"]: row["url"] for row in rows}


async def delete(db: Connection, document_id: str, source: str) -> bool:
    """Deletes a document if it still belongs to `source`; says whether it did."""
    status = await db.execute("DELETE FROM documents WHERE id = $1 AND source = $2", document_id, source)
    return status.endswith(" 1")


async def replace(
    db: Connection,
    document: Document,
    *,
    source: str,
    digest: str,
    chunks: Sequence[Chunk],
    quick: Vector,
    now: datetime,
) -> None:
    """Stores a document with its chunks in place of what it had. `quick` has one row per window, in order.

    Deep vectors of windows whose text is stored already, here or in another document, are taken from there.
    """
    flat = [(_chunk_id(document, chunk), number, one) for chunk in chunks for number, one in enumerate(chunk.windows)]
    digests = [text_digest(indexed_text(document.title, one.text)) for _, _, one in flat]
    deep = await _deep_vectors(db, digests)
    await db.execute("DELETE FROM documents WHERE id = $1", document.id)
    await db.execute(
        "INSERT INTO documents (id, url, source, title, tags, channels, is_policy, reviewed, updated_at, ttl_days,"
        " content_hash, body, ingested_at, deepened)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        document.id, document.url, source, document.title, list(document.tags),
        [channel.value for channel in document.channels], document.is_policy, document.reviewed, document.updated_at,
        document.ttl_days, digest, document.body, now, all(one in deep for one in digests),
    )  # fmt: skip
    await db.executemany(
        "INSERT INTO chunks (id, document_id, ordinal, section, anchor, text, tokens)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            (_chunk_id(document, one), document.id, one.ordinal, one.section, one.anchor, one.text, one.tokens)
            for one in chunks
        ],
    )
    await db.executemany(
        "INSERT INTO windows (chunk_id, ordinal, section, anchor, text, quick, digest, embedding)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (chunk_id, number, one.section, one.anchor, one.text, row.astype(_FLOAT16).tobytes(), own, deep.get(own))
            for (chunk_id, number, one), row, own in zip(flat, quick, digests, strict=True)
        ],
    )


async def _deep_vectors(db: Connection, digests: Sequence[bytes]) -> dict[bytes, bytes]:
    rows = await db.fetch(
        "SELECT DISTINCT ON (digest) digest, embedding FROM windows"
        " WHERE digest = ANY($1) AND embedding IS NOT NULL ORDER BY digest",
        list(digests),
    )
    return {row["digest"]: row["embedding"] for row in rows}


async def windows_of(db: Connection, document_ids: Sequence[str]) -> list[StoredWindow]:
    """The windows of the given documents, in reading order."""
    rows = await db.fetch(
        _WINDOWS,
        list(document_ids),
    )
    return [
        StoredWindow(
            document_id=row["document_id"], version=row["version"], chunk_id=row["chunk_id"],
            ordinal=row["ordinal"], title=row["title"], url=row["url"], tags=tuple(row["tags"]),
            channels=tuple(row["channels"]), is_policy=row["is_policy"], updated_at=row["updated_at"],
            expires_at=_expiry(row["updated_at"], row["ttl_days"]),
            section=row["section"], anchor=row["anchor"], text=row["text"], chunk_text=row["chunk_text"],
            deep=_vector(row["embedding"], _FLOAT32), quick=_vector(row["quick"], _FLOAT16),
        )
        for row in rows
    ]  # fmt: skip


def _vector(stored: bytes | None, kind: np.dtype[Any]) -> Vector | None:
    return None if stored is None else np.frombuffer(stored, dtype=kind).astype(np.float32)


def _expiry(updated_at: datetime, ttl_days: int | None) -> datetime | None:
    if ttl_days is None:
        return None
    try:
        return updated_at + timedelta(days=ttl_days)
    except OverflowError:  # later than any date there is
        return None


def _chunk_id(document: Document, chunk: Chunk) -> str:
    return f"{document.id}-{chunk.ordinal}"
