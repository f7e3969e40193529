"""What the gauges cost that services read from their databases, on large tables: `tests-e2e/bench/gauges.py`.

A database of the orchestrator and one of billing are filled with made-up rows of 60 days (a million turns, and a
million refunds). Each gauge's query is then explained and run three times; told are the least time, the blocks that it
read, and the tables that it read from end to end. Times are those of this machine; what grows with the table matters.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from billing.refunds.numbers import NUMBERS as REFUNDS
from orchestrator.numbers import NUMBERS as TURNS
from servicekit.telemetry.numbers import Number
from servicekit.testing.databases import TestDatabases
from servicekit.testing.servers import postgres_url

_DAYS = 60
#: Without triggers and foreign keys: only the shape of the tables matters here. $1 is how many.
_QUIET = "SET session_replication_role = replica"
#: Rows of one day lie together, as they do when they come in one by one.
_AT = f"now() - {_DAYS} * interval '1 day' * (1 - i / $1::float)"
_FILL = {
    "orchestrator": (
        "INSERT INTO conversations (id, issuer, subject_hash, identity, customer, channel, key_id, answering)"
        " SELECT 'cnv_' || i, 'shop', 'h' || i, '', true, 'web', 'k1',"
        " CASE WHEN i % 500 = 0 THEN 'staff' ELSE 'bot' END"
        " FROM generate_series(1, $1::int / 4) i",
        "INSERT INTO turns (id, conversation_id, ordinal, status, outcome, cost_micros, created_at)"
        " SELECT 'trn_' || i, 'cnv_' || (i / 4 + 1), i % 4 + 1, 'ended',"
        f" CASE WHEN i % 9 = 0 THEN 'handed_over' ELSE 'answered' END, 900, {_AT} FROM generate_series(1, $1::int) i",
        "INSERT INTO feedback (conversation_id, turn_id, thumbs, csat, created_at)"
        f" SELECT 'cnv_' || (i / 4 + 1), 'trn_' || i, 1, 5, {_AT} FROM generate_series(10, $1::int, 10) i",
        "INSERT INTO knowledge_gaps (turn_id, conversation_id, reason, question, strength, gap, cover, asked_at)"
        f" SELECT 'trn_' || i, 'cnv_1', 'unsupported', '', 0, 0, 0, {_AT} FROM generate_series(10, $1::int, 10) i",
        "INSERT INTO cards (turn_id, digest, conversation_id, kind, content, state, expires_at)"
        " SELECT 'trn_' || i * 10, 'd', 'cnv_1', 'approval', '', CASE WHEN i < 50 THEN 'open' ELSE 'yes' END,"
        " now() + interval '1 hour' FROM generate_series(1, $1::int / 10) i",
    ),
    "billing": (
        "INSERT INTO refunds (id, charge_id, order_id, customer_id, conversation_id, grant_id, provider, amount_minor,"
        " currency, reason, draft, approvals, clause, sentence, reasons, state, check_at, created_at, updated_at,"
        " sealed)"
        " SELECT 'rfd_' || i, 'ch', 'O', 'c', 'cnv_' || i, 'g' || i, 'ledger', 100, 'USD', '', '{}', 0, '', '', '{}',"
        f" 'succeeded', now(), at, at, true FROM (SELECT i, {_AT} AS at FROM generate_series(1, $1::int) i) AS made",
        "INSERT INTO refund_events (conversation_id, seq, refund_request_id, kind, at_ms, who, details, prev_hash,"
        " hash)"
        " SELECT 'cnv_' || i, n, 'rfd_' || i, kind, 0, 'policy', '', '', '' FROM generate_series(1, $1::int) i,"
        " (VALUES (1, 'approved'), (2, 'succeeded')) AS kinds (n, kind)",
        "INSERT INTO ledger_refunds (refund_request_id, charge_id, amount_minor, currency)"
        " SELECT 'rfd_' || i, 'ch', 100, 'USD' FROM generate_series(1, $1::int) i",
    ),
}


def main() -> int:
    """Prints a line for each gauge; 1 when one took longer than `--most-ms`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="turns, and refunds (1000000)")
    parser.add_argument("--most-ms", type=float, help="exit with 1 when a gauge takes longer")
    told = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="aiguy-gauges-", dir="/var/tmp"))
    place.chmod(0o755)
    slowest = 0.0
    try:
        with postgres_url(place / "postgres") as url:
            databases = TestDatabases(url)
            for service, numbers in (("orchestrator", TURNS), ("billing", REFUNDS)):
                slowest = max(slowest, asyncio.run(_measure(databases.create(service), service, numbers, told.rows)))
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(f"slowest: {slowest:.1f} ms")
    return int(told.most_ms is not None and slowest > told.most_ms)


async def _measure(url: str, service: str, numbers: Sequence[Number], rows: int) -> float:
    connection = await asyncpg.connect(url, timeout=60)
    times = []
    try:
        await connection.execute(_QUIET)
        for statement in _FILL[service]:
            await connection.execute(statement, rows)
        await connection.execute("VACUUM ANALYZE")
        for number in numbers:
            plans = [await _explained(connection, number.sql) for _ in range(3)]
            times.append(min(plan["Execution Time"] for plan in plans))
            read = plans[-1]["Plan"]["Shared Hit Blocks"] + plans[-1]["Plan"]["Shared Read Blocks"]
            nodes = _nodes(plans[-1]["Plan"])
            whole = ", ".join(sorted({one["Relation Name"] for one in nodes if one["Node Type"] == "Seq Scan"}))
            print(f"  {service:<13} {number.name:<34} {times[-1]:>9.1f} ms {read:>8} blocks  {whole}", flush=True)
    finally:
        await connection.close()
    print(f"  {service}: all gauges {sum(times):.1f} ms, on {rows:,} rows")
    return max(times)


async def _explained(connection: "asyncpg.Connection[Any]", sql: str) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}"))[0]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


if __name__ == "__main__":
    sys.exit(main())
