"""How long rows of retrieval live: the knowledge base is as large as its sources."""

from retrieval.settings import Settings
from servicekit.retention import Kept, Rule, Swept, kit_rules

_SOURCES = "as many as the sources have: what is gone there is gone here with the next run"


def retention(settings: Settings) -> tuple[Rule, ...]:
    """A rule for each table."""
    return (
        *kit_rules(idempotency_days=settings.idempotency_retention_days),
        Kept("documents", _SOURCES),
        Kept("document_origins", _SOURCES),
        Kept("chunks", _SOURCES),
        Kept("windows", _SOURCES),
        Kept("corpus", "one row"),
        Swept("ingest_runs", "retrieval.runs.repository", "the newest of each source, when a run ends"),
    )
