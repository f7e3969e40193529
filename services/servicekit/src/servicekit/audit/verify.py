"""The audit's chains. `python -m servicekit.audit.verify` verifies the database at AIGUY_DATABASE_URL."""

from datetime import datetime

import orjson

from servicekit.audit.record import subject_hash
from servicekit.chain import Heads, Ledger, Report, verify_ledger
from servicekit.chain.command import verify_command
from servicekit.chain.ledger import Row
from servicekit.db.pool import Connection


def _covered(row: Row) -> bytes:
    return b"%b|%d\n%b" % (row[0].encode(), row[1], row[4])


def _fault(row: Row) -> str:
    _, _, _, _, entry, at, tool, outcome, request_id, subject, salt = row
    try:
        said = orjson.loads(entry)
        if (said["tool"], said["outcome"], said["request_id"]) != (tool, outcome, request_id):
            return "a column differs from the entry"
        if datetime.fromisoformat(said["at"]) != at:
            return "a column differs from the entry"
        if subject is not None and said["subject_hash"] != subject_hash(salt or b"", subject):
            return "the subject differs from the entry"
    except (KeyError, TypeError, ValueError):
        return "the entry cannot be read"
    return ""


AUDIT = Ledger(
    name="audit",
    heads="SELECT chain::text, seq, hash FROM audit_heads WHERE $1::text IS NULL OR chain = $1::text::smallint",
    rows="SELECT chain::text, seq, prev_hash, hash, entry, at, tool, outcome, request_id, subject, salt FROM audit"
    " WHERE $1::text IS NULL OR chain = $1::text::smallint ORDER BY audit.chain, seq",
    covered=_covered,
    fault=_fault,
)


async def verify(connection: Connection, checkpoint: Heads | None = None) -> Report:
    """Verifies all chains against each other's bytes, their heads, and an earlier checkpoint when there is one."""
    return await verify_ledger(connection, AUDIT, checkpoint)


if __name__ == "__main__":
    verify_command(AUDIT)
