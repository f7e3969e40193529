"""Verifies the audit chains of a database: `python -m servicekit.audit.verify` (URL from AIGUY_DATABASE_URL).

Edits, deletions, insertions and swaps break a chain. A cut-off tail shows against a checkpoint taken earlier.
"""

import argparse
import asyncio
import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from servicekit.audit.record import subject_hash
from servicekit.db.pool import Connection

GENESIS = bytes(32)
_ROWS_AT_A_TIME = 5000
_COPIES = ("tool", "outcome", "request_id")

#: A row of the table `audit`, by column.
Row = Mapping[str, Any] | asyncpg.Record
#: chain → (seq, hash as hex) of its last entry at some time; kept outside of the database.
Checkpoint = Mapping[int, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Break:
    """The first thing wrong in a chain; entries before it are good."""

    chain: int
    seq: int
    reason: str


@dataclass(slots=True)
class AuditReport:
    """What was verified. `heads` is the checkpoint to keep for next time."""

    entries: int = 0
    breaks: list[Break] = field(default_factory=list)
    heads: dict[int, tuple[int, str]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.breaks


class ChainVerifier:
    """Folds the rows of one chain, in order, as mappings with the table's columns."""

    def __init__(self, chain: int, checkpoint: tuple[int, str] | None = None) -> None:
        self.chain = chain
        self.seq = 0
        self.hash = GENESIS
        self.broken: Break | None = None
        self._checkpoint = checkpoint

    def add(self, rows: Sequence[Row]) -> None:
        """Takes the next rows; stops at the first break."""
        for row in rows:
            if self.broken is not None:
                return
            reason = self._fault(row)
            if reason:
                self.broken = Break(self.chain, row["seq"], reason)
                return
            self.seq, self.hash = row["seq"], row["hash"]
            if self._checkpoint and self._checkpoint[0] == self.seq and self._checkpoint[1] != self.hash.hex():
                self.broken = Break(self.chain, self.seq, "differs from the checkpoint")

    def end(self, head_seq: int, head_hash: bytes) -> None:
        """After the last row: the head and the checkpoint must agree with it."""
        if self.broken is not None:
            return
        if (head_seq, head_hash) != (self.seq, self.hash):
            self.broken = Break(self.chain, self.seq + 1, "the chain does not end where its head says")
        elif self._checkpoint and self._checkpoint[0] > self.seq:
            self.broken = Break(self.chain, self.seq + 1, "entries of the checkpoint are missing")

    def _fault(self, row: Row) -> str:
        if row["seq"] != self.seq + 1:
            return "an entry is missing or out of place"
        if row["prev_hash"] != self.hash:
            return "does not follow the entry before"
        line = f"{self.chain}|{row['seq']}\n".encode()
        if hashlib.sha256(self.hash + line + row["entry"]).digest() != row["hash"]:
            return "the entry was changed"
        if not all(_says(row["entry"], name, row[name]) for name in _COPIES) or not _says(
            row["entry"], "at", row["at"].isoformat()
        ):
            return "a column differs from the entry"
        subject = row["subject"]
        if subject is not None and not _says(row["entry"], "subject_hash", subject_hash(row["salt"], subject)):
            return "the subject differs from the entry"
        return ""


def _says(entry: bytes, name: str, value: str) -> bool:
    # Three times as fast as reading the JSON, and exact: a bare quote never stands inside of a JSON text.
    return b'"%b":%b' % (name.encode(), orjson.dumps(value)) in entry


async def verify(connection: Connection, checkpoint: Checkpoint | None = None) -> AuditReport:
    """Verifies all chains against each other's bytes, their heads, and an earlier checkpoint when there is one."""
    report = AuditReport()
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        heads = await connection.fetch("SELECT chain, seq, hash FROM audit_heads ORDER BY chain")
        for head in heads:
            chain = ChainVerifier(head["chain"], (checkpoint or {}).get(head["chain"]))
            cursor = await connection.cursor("SELECT * FROM audit WHERE chain = $1 ORDER BY seq", head["chain"])
            while rows := await cursor.fetch(_ROWS_AT_A_TIME):
                chain.add(rows)
                report.entries += len(rows)
            chain.end(head["seq"], head["hash"])
            if chain.broken is not None:
                report.breaks.append(chain.broken)
            report.heads[chain.chain] = (chain.seq, chain.hash.hex())
        for missing in set(checkpoint or {}) - set(report.heads):
            report.breaks.append(Break(missing, 1, "the chain's head is missing"))
    return report


async def _verify_at(url: str, checkpoint: Checkpoint) -> AuditReport:
    connection = await asyncpg.connect(url)
    try:
        return await verify(connection, checkpoint)
    finally:
        await connection.close()


def _run(url: str, checkpoint_file: Path | None) -> int:
    known: dict[int, tuple[int, str]] = {}
    if checkpoint_file is not None and checkpoint_file.is_file():
        stored = orjson.loads(checkpoint_file.read_bytes())
        known = {int(chain): (seq, digest) for chain, (seq, digest) in stored.items()}
    report = asyncio.run(_verify_at(url, known))
    for broken in report.breaks:
        sys.stdout.write(f"chain {broken.chain}, entry {broken.seq}: {broken.reason}\n")
    sys.stdout.write(
        f"{report.entries} entries, {'all good' if report.ok else f'{len(report.breaks)} chains broken'}\n"
    )
    if report.ok and checkpoint_file is not None:
        checkpoint_file.write_bytes(orjson.dumps({str(chain): head for chain, head in report.heads.items()}))
    return 0 if report.ok else 1


def main() -> None:
    """The command; exit code 1 when a chain is broken."""
    parser = argparse.ArgumentParser(description="Verify the audit chains of a service's database.")
    parser.add_argument("--checkpoint", type=Path, help="compare with this file, and renew it when all is good")
    arguments = parser.parse_args()
    url = os.environ.get("AIGUY_DATABASE_URL")
    if not url:
        parser.error("set AIGUY_DATABASE_URL")
    sys.exit(_run(url, arguments.checkpoint))


if __name__ == "__main__":
    main()
