"""Erasing conversations: their data keys are destroyed, so nothing that was sealed with them can be read again.

The journal's rows stay as they are, unreadable: the chain over the stored bytes still verifies. A turn that runs is
ended here; whatever its worker still wants to append is refused (`ConversationErased`).
"""

from collections.abc import Sequence

from redis.asyncio import Redis

from orchestrator.memory.short_term import memory_key
from orchestrator.stream.frames import stream_key
from servicekit.db.pool import Connection

#: The hash of the subject goes too: nobody can find out any more whose these rows were.
_FORGET_KEYS = (
    "UPDATE conversations SET data_key = NULL, identity = '', session_id = NULL, answer_to = NULL,"
    " subject_hash = 'erased|' || id, erased_at = now() WHERE id = ANY ($1) AND erased_at IS NULL RETURNING id"
)
_OF_PERSON = (
    "SELECT id FROM conversations WHERE issuer = $1 AND subject_hash = $2 AND erased_at IS NULL ORDER BY id FOR UPDATE"
)
#: A message that came after the time was over is not taken away from under its turn.
_TOO_OLD = (
    "SELECT c.id FROM conversations c WHERE c.erased_at IS NULL AND c.updated_at < now() - make_interval(days => $1)"
    " AND NOT EXISTS (SELECT FROM turns t WHERE t.conversation_id = c.id AND t.status IN ('queued', 'running')"
    " AND t.created_at >= now() - make_interval(days => $1))"
    " ORDER BY c.updated_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED"
)
_FORGET_REST = (
    "DELETE FROM vault WHERE conversation_id = ANY ($1)",
    "DELETE FROM thread WHERE conversation_id = ANY ($1)",
    "DELETE FROM knowledge_gaps WHERE conversation_id = ANY ($1)",
    "UPDATE mails SET letter = NULL, person = '', said = '', address = '' WHERE conversation_id = ANY ($1)",
    "DELETE FROM mail_codes WHERE conversation_id = ANY ($1)",
    "DELETE FROM macro_evidence WHERE conversation_id = ANY ($1)",
    "UPDATE slack_messages SET person = '', place = '', said = '' WHERE conversation_id = ANY ($1)",
    "UPDATE slack_threads SET target = NULL WHERE conversation_id = ANY ($1)",
    "DELETE FROM slack_posts WHERE conversation_id = ANY ($1)",
    "UPDATE hand_overs SET ended_at = coalesce(ended_at, now()), look_at = NULL WHERE conversation_id = ANY ($1)",
    "UPDATE messages SET body_hash = '' WHERE conversation_id = ANY ($1)",
    "UPDATE feedback SET comment = NULL WHERE conversation_id = ANY ($1)",
    "UPDATE staff_messages SET body_hash = '' WHERE conversation_id = ANY ($1)",
    "UPDATE staff_steps SET note = NULL WHERE conversation_id = ANY ($1)",
    "UPDATE cards SET state = CASE state WHEN 'open' THEN 'expired' ELSE state END, content = '', notes = NULL"
    " WHERE conversation_id = ANY ($1)",
    "UPDATE card_decisions d SET notes = NULL FROM cards c WHERE c.turn_id = d.turn_id AND c.digest = d.digest"
    " AND c.conversation_id = ANY ($1)",
    # What a call was made with can be guessed from its hash.
    "UPDATE turns SET status = 'ended', final_event = NULL, mail_to = NULL, leased_until = NULL,"
    " ended_at = coalesce(ended_at, now()),"
    " tools = (SELECT coalesce(jsonb_agg(one - 'args_hash'), '[]') FROM jsonb_array_elements(tools) AS one)"
    " WHERE conversation_id = ANY ($1)",
)


async def conversations_of(db: Connection, issuer: str, subject_hash: str) -> list[str]:
    """The person's conversations, locked."""
    return [row["id"] for row in await db.fetch(_OF_PERSON, issuer, subject_hash)]


async def outdated_conversations(db: Connection, days: int, limit: int) -> list[str]:
    """Conversations in which nothing was said for so many days, locked, the oldest first."""
    return [row["id"] for row in await db.fetch(_TOO_OLD, days, limit)]


async def erase_conversations(db: Connection, ids: Sequence[str]) -> list[str]:
    """Erase these, in the caller's transaction; gives the turns that they had."""
    if not ids:
        return []
    await db.execute(_FORGET_KEYS, list(ids))
    for statement in _FORGET_REST:
        await db.execute(statement, list(ids))
    return [row["id"] for row in await db.fetch("SELECT id FROM turns WHERE conversation_id = ANY ($1)", list(ids))]


async def erase_live(redis: Redis, ids: Sequence[str], turns: Sequence[str]) -> None:
    """Memory and live streams. They are sealed with the same keys and have a time limit: a Redis that is away now
    keeps nothing readable. Raises RedisError when it is.
    """
    keys = [memory_key(one) for one in ids] + [stream_key(one) for one in turns]
    for start in range(0, len(keys), 500):
        await redis.delete(*keys[start : start + 500])
