"""How the knowledge base stands: what search finds of it, what is past its time, how its sources went."""

from datetime import datetime
from typing import NamedTuple

from contracts.knowledge_state import KnowledgeState, SourceState, StaleDocument
from retrieval import repository
from retrieval.deepening.queue import pending_windows
from retrieval.knowledge_base import KnowledgeBase
from retrieval.runs import last_runs
from servicekit.context import Kit
from servicekit.db.pool import Connection

_STALE = "reviewed AND ttl_days IS NOT NULL AND updated_at + make_interval(days => ttl_days) < $1"
_COUNTS = (
    f"SELECT count(*) FILTER (WHERE {_STALE}) AS stale, count(*) FILTER (WHERE NOT reviewed) AS unreviewed,"  # noqa: S608
    " count(*) AS documents, max(ingested_at) AS changed_at FROM documents"
)
_OLDEST = (
    "SELECT title, url, source, updated_at + make_interval(days => ttl_days) AS stale_since FROM documents"  # noqa: S608
    f" WHERE {_STALE} ORDER BY stale_since, id LIMIT 50"
)


class _Counts(NamedTuple):
    stale: int
    unreviewed: int
    documents: int
    changed_at: datetime | None


async def knowledge_state(kit: Kit, base: KnowledgeBase) -> KnowledgeState:
    """As it is now. Raises ProblemError(DEPENDENCY_DOWN)."""
    now = kit.clock.now()
    async with kit.db.read() as db:
        corpus, totals = await repository.corpus_state(db), await repository.totals(db)
        counts, pending = await _counts(db, now), await pending_windows(db)
        stale = [StaleDocument(**dict(row)) for row in await db.fetch(_OLDEST, now)]
    async with kit.db.primary() as db:  # a replica does not know which runs are alive
        runs = await last_runs(db)
    return KnowledgeState(
        index=base.index.state.value, up_to_date=corpus.revision == base.index.revision,
        fresh=counts.documents - counts.stale - counts.unreviewed, stale=counts.stale, unreviewed=counts.unreviewed,
        chunks=totals.chunks, pending_windows=pending, changed_at=counts.changed_at,
        sources=tuple(
            SourceState(
                source=one.source, kind=one.kind.value, state=one.state.value, started_at=one.started_at,
                ended_at=one.ended_at, documents=one.documents, error=one.error,
            )
            for one in runs
        ),
        stale_documents=tuple(stale),
    )  # fmt: skip


async def _counts(db: Connection, now: datetime) -> _Counts:
    row = await db.fetchrow(_COUNTS, now)
    return _Counts(*row) if row is not None else _Counts(0, 0, 0, None)
