"""The words by which a resolved ticket is found: masked, because they are kept in clear."""

from servicekit.db.pool import Connection
from tickets.resolved.masking import masked

_KEEP = """
UPDATE tickets SET masked_subject = $2, masked_resolution = $4, resolved_words =
    setweight(to_tsvector('english', $2), 'A') || setweight(to_tsvector('english', $4), 'B')
    || setweight(to_tsvector('english', $3), 'C')
WHERE id = $1
"""


async def keep_words(connection: Connection, ticket_id: str, subject: str, body: str, resolution: str) -> None:
    """Stores what of a resolved ticket may be found and shown to others."""
    await connection.execute(_KEEP, ticket_id, masked(subject), masked(body), masked(resolution))
