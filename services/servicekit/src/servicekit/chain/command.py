"""The command of a module with a ledger: `python -m <module> [--checkpoint FILE]`, URL from AIGUY_DATABASE_URL.

Edits, deletions, insertions and swaps break a chain. A cut-off tail shows against a checkpoint taken earlier.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

import asyncpg

from servicekit.chain.checkpoint import CheckpointUnread, read_checkpoint, write_checkpoint
from servicekit.chain.ledger import Heads, Ledger
from servicekit.chain.verify import Report, verify_ledger
from servicekit.db.errors import CONNECT_ERRORS


def verify_command(ledger: Ledger) -> None:
    """Runs it; exit code 1 when a chain is broken, 2 when it could not be tried."""
    parser = argparse.ArgumentParser(description=f"Verify the chains of the {ledger.name} of a service's database.")
    parser.add_argument("--checkpoint", type=Path, help="compare with this file, and renew it when all is good")
    arguments = parser.parse_args()
    url = os.environ.get("AIGUY_DATABASE_URL")
    if not url:
        parser.error("set AIGUY_DATABASE_URL")
    file: Path | None = arguments.checkpoint
    try:
        known = read_checkpoint(file) if file else {}
    except CheckpointUnread as error:
        parser.error(str(error))
    try:
        report = asyncio.run(verify_at(url, ledger, known.get(ledger.name)))
    except CONNECT_ERRORS as error:
        parser.error(f"the database cannot be read ({type(error).__name__})")
    for line in lines_of(ledger.name, report):
        sys.stdout.write(f"{line}\n")
    if report.ok and file is not None:
        write_checkpoint(file, {**known, ledger.name: report.heads})
    sys.exit(0 if report.ok else 1)


async def verify_at(url: str, ledger: Ledger, checkpoint: Heads | None = None) -> Report:
    """Verifies the ledger in the database at `url`. Raises what asyncpg raises when it cannot be reached."""
    connection = await asyncpg.connect(url)
    try:
        return await verify_ledger(connection, ledger, checkpoint)
    finally:
        await connection.close()


def lines_of(name: str, report: Report) -> list[str]:
    """The report for people: each break, then one line."""
    verdict = "all good" if report.ok else f"{len(report.breaks)} broken"
    speed = f", {report.entries / report.seconds:,.0f} entries/s" if report.entries else ""
    return [
        *(f"{name}, chain {broken.chain}, entry {broken.seq}: {broken.why}" for broken in report.breaks),
        f"{name}: {report.entries:,} entries in {len(report.heads):,} chains{speed}: {verdict}",
    ]
