"""Who still calls tools in an old shape, counted from the audit: exact, and kept as long as the audit is.

`python -m servicekit.audit.usage` prints it for the database at AIGUY_DATABASE_URL.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg

from servicekit.audit.record import OLD_SHAPE
from servicekit.db.pool import Connection

WINDOW = timedelta(days=14)

# A preview is a call of its tool. No bare quote stands inside of a JSON text, so looking for the name finds the key.
_CALLS = "SELECT split_part(tool, '.', 1) AS tool, count(*) AS calls FROM audit WHERE at > $1 GROUP BY 1"
_OLD = f"""
SELECT split_part(e ->> 'tool', '.', 1) AS tool, argument, e ->> 'client' AS client, count(*) AS calls
FROM (SELECT convert_from(entry, 'UTF8')::jsonb AS e FROM audit
      WHERE at > $1 AND position('"{OLD_SHAPE}":'::bytea IN entry) > 0) AS old,
     jsonb_array_elements_text(e -> '{OLD_SHAPE}') AS argument
GROUP BY 1, 2, 3 ORDER BY 1, 2, 4 DESC, 3
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class OldCalls:
    """How often a client gave a deprecated argument."""

    tool: str
    argument: str
    client: str
    calls: int


@dataclass(frozen=True, slots=True)
class Usage:
    """The calls since `since` by tool, those in an old shape, and when the oldest entry of all was written."""

    since: datetime
    calls: Mapping[str, int]
    old: tuple[OldCalls, ...]
    recorded_since: datetime | None


async def usage_since(connection: Connection, since: datetime) -> Usage:
    """What the audit of one service says. Reads its entries since then once, by their time."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        calls = await connection.fetch(_CALLS, since)
        old = await connection.fetch(_OLD, since)
        first = await connection.fetchval("SELECT min(at) FROM audit")
    return Usage(since, {row["tool"]: row["calls"] for row in calls}, tuple(OldCalls(*row) for row in old), first)


async def usage_at(url: str, since: datetime) -> Usage:
    """The usage in the database at `url`. Raises what asyncpg raises when it cannot be reached."""
    connection = await asyncpg.connect(url)
    try:
        return await usage_since(connection, since)
    finally:
        await connection.close()


def main() -> None:
    """The command."""
    url = os.environ.get("AIGUY_DATABASE_URL")
    if not url:
        sys.exit("set AIGUY_DATABASE_URL")
    usage = asyncio.run(usage_at(url, datetime.now(UTC) - WINDOW))
    for one in usage.old:
        of = usage.calls[one.tool]
        sys.stdout.write(f"{one.tool} {one.argument}: {one.calls} of {of} calls, by {one.client!r}\n")
    sys.stdout.write(f"{sum(usage.calls.values())} calls since {usage.since:%Y-%m-%d}\n")


if __name__ == "__main__":
    main()
