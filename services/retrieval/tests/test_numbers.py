"""How much the knowledge base holds, and how fresh it is, can be seen."""

import pytest

from retrieval.ingest import ingest_folder, starter_folder
from retrieval.numbers import NUMBERS
from retrieval.settings import Settings
from servicekit.db.pool import Database
from servicekit.embedding import Embedder
from servicekit.telemetry import Metrics
from servicekit.telemetry.numbers import Numbers

pytestmark = pytest.mark.service


async def test_documents_are_shown_by_state_and_runs_that_failed_by_source(
    settings: Settings, embedder: Embedder
) -> None:
    await ingest_folder(starter_folder(), database_url=settings.database_url, embedder=embedder)
    database = await Database.connect(settings.database_url, size=2)
    async with database.primary() as db:
        await db.execute("UPDATE documents SET reviewed = false WHERE id = (SELECT min(id) FROM documents)")
        await db.execute(
            "UPDATE documents SET ttl_days = 1, updated_at = now() - interval '2 days'"
            " WHERE id = (SELECT max(id) FROM documents)"
        )
        for state in ("done", "failed"):
            await db.execute(
                "INSERT INTO ingest_runs (source, kind, state, started_at) VALUES ('x', 'site', $1, now())", state
            )
    metrics = Metrics()
    await Numbers(database, metrics, NUMBERS).read()
    await database.close()
    value = metrics.registry.get_sample_value
    states = {state: value("aiguy_knowledge_documents", {"state": state}) for state in ("fresh", "stale", "unreviewed")}
    assert states == {"fresh": 18, "stale": 1, "unreviewed": 1}
    assert value("aiguy_knowledge_sources_failing") == 1
    assert (value("aiguy_knowledge_change_seconds") or 0) > 0
