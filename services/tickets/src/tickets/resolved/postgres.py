"""Resolved tickets in our own Postgres, found by full text: a ticket fits when it has half of the question's words."""

from contracts.resolved import ResolvedTicket
from servicekit.db.pool import Database
from tickets.resolved.masking import masked

# Words are stemmed and without stop words. `|` finds every ticket with any of them; too few in common is no answer.
_SEARCH = """
WITH asked AS (
    SELECT tsvector_to_array(to_tsvector('english', $1)) AS words,
           replace(plainto_tsquery('english', $1)::text, ' & ', ' | ')::tsquery AS any_of
)
SELECT t.number, t.masked_subject, t.masked_resolution, t.resolved_at
FROM asked, tickets t, LATERAL (
    SELECT count(*) AS shared FROM unnest(asked.words) AS word
    WHERE word = ANY (tsvector_to_array(t.resolved_words))
) AS fit
WHERE t.masked_resolution <> '' AND t.resolved_words @@ asked.any_of AND fit.shared * 2 >= cardinality(asked.words)
ORDER BY fit.shared DESC, ts_rank(t.resolved_words, asked.any_of) DESC, t.resolved_at DESC, t.id LIMIT $2
"""


class PostgresResolved:
    """A `ResolvedTickets` over our own tables."""

    async def search(self, db: Database, query: str, limit: int) -> tuple[ResolvedTicket, ...]:
        """See `ResolvedTickets.search`."""
        async with db.read() as connection:
            rows = await connection.fetch(_SEARCH, query, limit)
        # Masked when it was kept; again, because the patterns may be better by now.
        return tuple(
            ResolvedTicket(
                number=row["number"], subject=masked(row["masked_subject"]),
                resolution=masked(row["masked_resolution"]), resolved_at=row["resolved_at"],
            )
            for row in rows
        )  # fmt: skip
