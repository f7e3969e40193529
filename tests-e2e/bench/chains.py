"""How fast chains are verified, from a real Postgres: `.venv/bin/python tests-e2e/bench/chains.py`.

The audit has 32 long chains of small entries; the journal has many short ones, with payloads as turns write them; the
record of refunds has five entries for each refund.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from billing.refunds.verify import REFUNDS
from orchestrator.journal.verify import JOURNAL
from servicekit.audit import AUDIT
from servicekit.audit.record import subject_hash
from servicekit.chain import GENESIS, Head, Ledger, verify_ledger
from servicekit.db.migrate import migrate
from servicekit.embedded import EmbeddedPostgres
from servicekit.encoding import canonical_json

GOAL = 100_000
ROUNDS = 5
RESULTS = Path(__file__).parents[2] / "bench-results"
AUDIT_COLUMNS = (
    "chain", "seq", "prev_hash", "hash", "entry", "at", "tool", "outcome", "request_id", "subject", "salt",
)  # fmt: skip
JOURNAL_COLUMNS = ("conversation_id", "seq", "prev_hash", "hash", "turn_id", "turn_seq", "kind", "at_ms", "payload")
REFUND_COLUMNS = (
    "conversation_id", "seq", "prev_hash", "hash", "refund_request_id", "kind", "at_ms", "who", "details",
)  # fmt: skip
REFUND_STEPS = ("requested", "confirmed", "approved", "submitted", "succeeded")


def main() -> int:
    """Fills three databases, verifies each five times, prints medians. 1 with --strict when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=200_000, help="entries per ledger (200000)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal was missed")
    told = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="aiguy-chains-", dir="/var/tmp"))
    server = EmbeddedPostgres(place / "postgres", fast=True)
    try:
        server.start()
        found = asyncio.run(_measure(server, told.entries))
    finally:
        server.remove()
        shutil.rmtree(place, ignore_errors=True)
    RESULTS.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    content = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "goal": GOAL, "entries_per_second": found}
    (RESULTS / f"chains-{stamp}.json").write_text(json.dumps(content, indent=2) + "\n")
    missed = [name for name, speed in found.items() if speed < GOAL]
    print(f"missed by: {', '.join(missed)}" if missed else f"all above {GOAL:,} entries/s")
    return 1 if missed and told.strict else 0


async def _measure(server: EmbeddedPostgres, entries: int) -> dict[str, float]:
    found = {}
    for package, ledger, fill in _CASES:
        server.create_database(f"bench_{package}")
        url = server.url(f"bench_{package}")
        migrate(package, url)
        connection = await asyncpg.connect(url)
        try:
            await fill(connection, entries)
            found[ledger.name] = await _speed(connection, ledger, entries)
        finally:
            await connection.close()
    return found


async def _speed(connection: Any, ledger: Ledger, entries: int) -> float:
    speeds = []
    for _ in range(ROUNDS):
        cpu = time.process_time()
        report = await verify_ledger(connection, ledger)
        cpu = time.process_time() - cpu
        if not report.ok or report.entries != entries:
            raise SystemExit(f"{ledger.name}: {report.entries} entries, {report.breaks[:3]}")
        speeds.append((report.entries / report.seconds, report.entries / cpu))
    speed, per_cpu = sorted(speeds)[ROUNDS // 2]
    print(f"{ledger.name:>13}: {entries:,} entries, {speed:,.0f} entries/s ({per_cpu:,.0f} per second of our own CPU)")
    return round(speed)


async def _fill_audit(connection: Any, entries: int) -> None:
    heads = {chain: Head(0, GENESIS) for chain in range(32)}
    await connection.copy_records_to_table("audit", records=list(_audit_rows(entries, heads)), columns=AUDIT_COLUMNS)
    await connection.executemany(
        "UPDATE audit_heads SET seq = $2, hash = $3 WHERE chain = $1", [(chain, *head) for chain, head in heads.items()]
    )
    await connection.execute("ANALYZE audit")


def _audit_rows(entries: int, heads: dict[int, Head]) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(1)
    for number in range(entries):
        chain = number % 32
        at = datetime.fromtimestamp(1_770_000_000 + number / 7, UTC)
        subject, salt = f"cust_{number % 500}", chance.randbytes(16)
        tool, request_id = chance.choice(("get_order", "get_order_status", "add_order_note")), f"req_{number:020}"
        entry = canonical_json({
            "at": at.isoformat(), "tool": tool, "outcome": "ok", "subject_hash": subject_hash(salt, subject),
            "role": "customer", "issuer": "orchestrator", "actor": "orchestrator", "approver": None,
            "conversation_id": f"cnv_{number:026}", "turn_id": f"trn_{number:026}", "request_id": request_id,
            "arguments_digest": "d" * 64, "idempotency_key": None, "effect_digest": None,
        })  # fmt: skip
        seq, before = heads[chain].seq + 1, heads[chain].hash
        hashed = hashlib.sha256(before + f"{chain}|{seq}\n".encode() + entry).digest()
        heads[chain] = Head(seq, hashed)
        yield chain, seq, before, hashed, entry, at, tool, "ok", request_id, subject, salt


async def _fill_journal(connection: Any, entries: int) -> None:
    """Conversations of about twenty entries, four a turn, with 200 to 3,000 bytes of sealed payload."""
    chance = random.Random(2)
    rows: list[tuple[Any, ...]] = []
    conversations: list[tuple[Any, ...]] = []
    while len(rows) < entries:
        conversation, before = f"cnv_{chance.getrandbits(128):026x}"[:30], GENESIS
        length = min(chance.randint(4, 40), entries - len(rows))
        for seq in range(1, length + 1):
            turn, turn_seq = f"{conversation}{(seq - 1) // 4}", (seq - 1) % 4 + 1
            payload = chance.randbytes(chance.choice((200, 250, 300, 3000)))
            line = f"{conversation}|{seq}|{turn}|{turn_seq}|plan_made|{1_770_000_000_000 + seq}\n".encode()
            hashed = hashlib.sha256(before + line + payload).digest()
            at_ms = 1_770_000_000_000 + seq
            rows.append((conversation, seq, before, hashed, turn, turn_seq, "plan_made", at_ms, payload))
            before = hashed
        conversations.append((conversation, "i", "h", b"", True, "web", "k", length, before))
    await connection.copy_records_to_table("conversations", records=conversations, columns=(
        "id", "issuer", "subject_hash", "identity", "customer", "channel", "key_id", "head_seq", "head_hash",
    ))  # fmt: skip
    await connection.copy_records_to_table("journal", records=rows, columns=JOURNAL_COLUMNS)
    await connection.execute("ANALYZE journal")


async def _fill_refunds(connection: Any, entries: int) -> None:
    """One conversation in five has two refunds, the others have one."""
    chance = random.Random(3)
    rows: list[tuple[Any, ...]] = []
    heads: list[tuple[Any, ...]] = []
    await connection.execute("SET session_replication_role = replica")  # the refunds themselves are not filled in
    while len(rows) < entries:
        conversation, before = f"cnv_{chance.getrandbits(128):026x}"[:30], GENESIS
        length = min(chance.choice((5, 5, 5, 5, 10)), entries - len(rows))
        for seq in range(1, length + 1):
            refund, kind = f"rfd_{len(heads):024}{(seq - 1) // 5:02}", REFUND_STEPS[(seq - 1) % 5]
            at_ms, details = 1_770_000_000_000 + seq, b'{"amount_minor":5000,"clause":"R2","digest":"%b"}' % (b"d" * 64)
            line = f"{conversation}|{seq}|{refund}|{kind}|{at_ms}|staff_eve\n".encode()
            hashed = hashlib.sha256(before + line + details).digest()
            rows.append((conversation, seq, before, hashed, refund, kind, at_ms, "staff_eve", details))
            before = hashed
        heads.append((conversation, length, before))
    await connection.copy_records_to_table(
        "refund_heads", records=heads, columns=("conversation_id", "seq", "hash")
    )  # fmt: skip
    await connection.copy_records_to_table("refund_events", records=rows, columns=REFUND_COLUMNS)
    await connection.execute("ANALYZE refund_events")


_CASES = (
    ("orders", AUDIT, _fill_audit),
    ("orchestrator", JOURNAL, _fill_journal),
    ("billing", REFUNDS, _fill_refunds),
)

if __name__ == "__main__":
    sys.exit(main())
