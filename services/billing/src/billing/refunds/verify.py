"""The chains of refund events as a ledger to verify: `python -m billing.refunds.verify [--checkpoint FILE]`."""

from servicekit.chain import Ledger
from servicekit.chain.command import verify_command
from servicekit.chain.ledger import Row


def _covered(row: Row) -> bytes:
    """What the hash covers behind the previous one: the bytes of `refund_line` in SQL, then the details as stored."""
    chain, seq, _, _, refund_request_id, kind, at_ms, who, details = row
    line = f"{chain}|{seq}|{refund_request_id}|{kind}|{at_ms}|{who}\n"
    return line.encode() + bytes(details)


REFUNDS = Ledger(
    name="refund events",
    heads="SELECT conversation_id, seq, hash FROM refund_heads WHERE $1::text IS NULL OR conversation_id = $1",
    rows="SELECT conversation_id, seq, prev_hash, hash, refund_request_id, kind, at_ms, who, details FROM refund_events"
    " WHERE $1::text IS NULL OR conversation_id = $1 ORDER BY conversation_id, seq",
    covered=_covered,
)

if __name__ == "__main__":
    verify_command(REFUNDS)
