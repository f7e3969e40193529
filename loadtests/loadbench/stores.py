"""What a turn costs the stores: log written and transactions in Postgres, commands and bytes in Valkey."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from onebox.environment import Addresses

_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8"
#: Each service may look at its own database only.
_OWN = (
    "SELECT xact_commit::float8 AS commits, pg_database_size(datid)::float8 AS database_bytes"
    " FROM pg_stat_database WHERE datname = current_database()"
)
_VALKEY = {"total_commands_processed": "valkey_commands", "total_net_input_bytes": "valkey_bytes_in"}
#: Statistics of other sessions are there for all to see after at most so long.
_SETTLED_S = 1.1

Counts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Stores:
    """Where the stores count. All counts grow."""

    database_urls: tuple[str, ...]
    redis_url: str

    @classmethod
    def of(cls, addresses: Addresses) -> "Stores":
        """Those of a running stack: all its services share one server of each kind."""
        return cls(tuple(addresses.databases.values()), addresses.redis["orchestrator"])

    async def read(self) -> Counts:
        """What was counted by now."""
        await asyncio.sleep(_SETTLED_S)
        found: Counter[str] = Counter()
        for url in self.database_urls:
            connection = await asyncpg.connect(url)
            try:
                found.update(dict(await connection.fetchrow(_OWN)))
                found["wal_bytes"] = await connection.fetchval(_WAL)
            finally:
                await connection.close()
        async with Redis.from_url(self.redis_url) as redis:
            said = await redis.info("stats")
        return dict(found) | {name: float(said[told]) for told, name in _VALKEY.items()}


def per_turn(before: Counts, after: Counts, turns: int) -> dict[str, float]:
    """What each of these turns cost."""
    return {name: round((after[name] - before[name]) / max(1, turns), 1) for name in after}
