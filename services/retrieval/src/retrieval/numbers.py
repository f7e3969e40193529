"""What the knowledge base holds, and how fresh it is."""

from servicekit.telemetry.numbers import Number

_STALE = "ttl_days IS NOT NULL AND updated_at + make_interval(days => ttl_days) < now()"

NUMBERS = (
    Number(
        "aiguy_knowledge_documents", "Documents: those that search finds, those past their time, those not reviewed.",
        f"SELECT CASE WHEN NOT reviewed THEN 'unreviewed' WHEN {_STALE} THEN 'stale' ELSE 'fresh' END, count(*)"  # noqa: S608 - constants
        " FROM documents GROUP BY 1",
        ("state",), (("fresh",), ("stale",), ("unreviewed",)),
    ),
    Number(
        "aiguy_knowledge_change_seconds", "Since when no document has come in or changed.",
        "SELECT coalesce(extract(epoch FROM now() - max(ingested_at)), 0) FROM documents",
    ),
    Number(
        "aiguy_knowledge_sources_failing", "Sources whose newest run did not come to its end.",
        "SELECT count(*) FROM (SELECT DISTINCT ON (source) state FROM ingest_runs ORDER BY source, id DESC) AS newest"
        " WHERE state IN ('failed', 'interrupted')",
    ),
)  # fmt: skip
