"""Verifying the chain: every row's hash is computed again from the stored bytes. No key is needed for it."""

import hashlib
from dataclasses import dataclass

from servicekit.db.pool import Connection

GENESIS = bytes(32)
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row of a conversation at which the chain does not hold."""

    conversation_id: str
    seq: int
    why: str


def link(prev_hash: bytes, line: bytes, payload: bytes) -> bytes:
    """The hash of a row: over the one before it, its columns and its stored payload."""
    return hashlib.sha256(prev_hash + line + payload).digest()


async def verify_conversation(db: Connection, conversation_id: str) -> Broken | None:
    """The first broken link of a conversation's journal, or None when it holds up to its recorded head."""
    expected_seq, expected_prev = 1, GENESIS
    async with db.transaction():
        head = await db.fetchrow("SELECT head_seq, head_hash FROM conversations WHERE id = $1", conversation_id)
        cursor = db.cursor(
            "SELECT seq, turn_id, turn_seq, kind, at_ms, payload, prev_hash, hash FROM journal"
            " WHERE conversation_id = $1 ORDER BY seq",
            conversation_id, prefetch=_BATCH,
        )  # fmt: skip
        async for row in cursor:
            if row["seq"] != expected_seq:
                return Broken(conversation_id, expected_seq, "missing")
            columns = (conversation_id, row["seq"], row["turn_id"], row["turn_seq"], row["kind"], row["at_ms"])
            line = ("|".join(str(column) for column in columns) + "\n").encode()
            if row["prev_hash"] != expected_prev or row["hash"] != link(expected_prev, line, row["payload"]):
                return Broken(conversation_id, row["seq"], "changed")
            expected_seq, expected_prev = row["seq"] + 1, row["hash"]
    if head is None or (head["head_seq"], head["head_hash"]) != (expected_seq - 1, expected_prev):
        return Broken(conversation_id, expected_seq, "cut off")
    return None
