"""Looks for planted words in everything that a database holds: each column of text, bytes or JSON, each row."""

from collections.abc import Iterable

from servicekit.db.pool import Connection

_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public'
  AND data_type IN ('text', 'bytea', 'jsonb', 'json', 'character varying', 'ARRAY', 'tsvector')
"""


async def columns_with(connection: Connection, words: Iterable[str]) -> set[str]:
    """The columns, as `table.column`, in which one of the words stands in clear, in capitals or not."""
    wanted, found = [word.lower() for word in words], set()
    for table, column in await connection.fetch(_COLUMNS):
        # Bytes are shown in hex, and so is the word. (Capitals in bytes would be missed: plant small letters.)
        query = (
            f"SELECT count(*) FROM {table} t, unnest($1::text[]) AS word"  # noqa: S608 - names from the catalogue
            f" WHERE strpos(lower({column}::text), word) > 0"
            f" OR strpos(lower({column}::text), encode(convert_to(word, 'UTF8'), 'hex')) > 0"
        )
        if await connection.fetchval(query, wanted):
            found.add(f"{table}.{column}")
    return found
