"""The journal's chains. `python -m orchestrator.journal.verify` verifies the database at AIGUY_DATABASE_URL."""

from servicekit.chain import Break, Ledger, verify_ledger
from servicekit.chain.command import verify_command
from servicekit.chain.ledger import Row
from servicekit.db.pool import Connection


def _covered(row: Row) -> bytes:
    conversation_id, seq, _, _, turn_id, turn_seq, kind, at_ms, payload = row
    line = f"{conversation_id}|{seq}|{turn_id}|{turn_seq}|{kind}|{at_ms}\n"
    return b"%b%b" % (line.encode(), payload)


#: A chain is a conversation.
JOURNAL = Ledger(
    name="journal",
    heads="SELECT id, head_seq, head_hash FROM conversations WHERE $1::text IS NULL OR id = $1",
    rows="SELECT conversation_id, seq, prev_hash, hash, turn_id, turn_seq, kind, at_ms, payload FROM journal"
    " WHERE $1::text IS NULL OR conversation_id = $1 ORDER BY conversation_id, seq",
    covered=_covered,
)


async def verify_conversation(db: Connection, conversation_id: str) -> Break | None:
    """The first broken link of a conversation's journal, or None when it holds up to its recorded head."""
    report = await verify_ledger(db, JOURNAL, chain=conversation_id)
    return report.breaks[0] if report.breaks else None


if __name__ == "__main__":
    verify_command(JOURNAL)
