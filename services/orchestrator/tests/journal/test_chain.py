"""The journal is append-only, chained over the stored bytes, and one worker at a time writes into a turn."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from contracts.turn import FinalMessage
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import append_entries, load_entries
from orchestrator.journal.verify import verify_conversation
from orchestrator.turn.inputs import Guarded, PlanMade
from orchestrator.turn.journal import JournalConflict, Recorded
from servicekit.crypto import SealError
from servicekit.db.pool import Connection

from .conftest import Office

pytestmark = pytest.mark.service
PLAN = Recorded(PlanMade(message=FinalMessage(text="Hello")), 2_000)
GUARDED = Recorded(Guarded(verdict="pass", text="Hello"), 2_001)


async def written(office: Office) -> tuple[Conversation, str]:
    conversation = await office.begin()
    turn_id = await office.say(conversation.id, "Hello", "one")
    async with office.database.primary() as db:
        await append_entries(db, conversation.sealer, turn_id, 1, [PLAN, GUARDED], office.codec)
    return conversation, turn_id


async def test_what_was_appended_is_read_back_in_order(office: Office) -> None:
    conversation, turn_id = await written(office)
    async with office.database.primary() as db:
        entries = await load_entries(db, conversation.sealer, turn_id, office.codec)
        assert entries[1:] == [PLAN, GUARDED]
        assert await verify_conversation(db, conversation.id) is None


async def test_a_second_worker_of_the_same_turn_is_turned_away(office: Office) -> None:
    conversation, turn_id = await written(office)
    async with office.database.primary() as db:
        with pytest.raises(JournalConflict):
            await append_entries(db, conversation.sealer, turn_id, 1, [PLAN], office.codec)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE journal SET kind = 'x'", "DELETE FROM journal", "TRUNCATE journal"],
)
async def test_no_statement_changes_the_journal(office: Office, statement: str) -> None:
    await written(office)
    async with office.database.primary() as db:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)


async def tampered(db: Connection, work: Callable[[], Awaitable[object]]) -> None:
    """Change rows as somebody would who owns the database server."""
    await db.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
    try:
        await work()
    finally:
        await db.execute("ALTER TABLE journal ENABLE TRIGGER ALL")


@pytest.mark.parametrize(
    ("change", "seq", "why"),
    [
        ("UPDATE journal SET payload = payload || '\\x00' WHERE conversation_id = $1 AND seq = 2", 2, "changed"),
        ("UPDATE journal SET at_ms = at_ms + 1 WHERE conversation_id = $1 AND seq = 1", 1, "changed"),
        ("UPDATE journal SET kind = 'guarded' WHERE conversation_id = $1 AND seq = 2", 2, "changed"),
        ("DELETE FROM journal WHERE conversation_id = $1 AND seq = 2", 2, "missing"),
        ("DELETE FROM journal WHERE conversation_id = $1 AND seq = 3", 3, "cut off"),
    ],
)
async def test_a_changed_row_is_named(office: Office, change: str, seq: int, why: str) -> None:
    conversation, _ = await written(office)
    async with office.database.primary() as db:
        await tampered(db, lambda: db.execute(change, conversation.id))
        broken = await verify_conversation(db, conversation.id)
    assert broken is not None
    assert (broken.seq, broken.why) == (seq, why)


async def test_a_payload_cannot_be_moved_to_another_place(office: Office) -> None:
    conversation, turn_id = await written(office)
    swap = (
        "UPDATE journal a SET payload = b.payload FROM journal b WHERE a.conversation_id = $1 AND a.seq = 2"
        " AND b.conversation_id = $1 AND b.seq = 3"
    )
    async with office.database.primary() as db:
        await tampered(db, lambda: db.execute(swap, conversation.id))
        with pytest.raises(SealError):
            await load_entries(db, conversation.sealer, turn_id, office.codec)


async def test_destroying_the_key_erases_the_person_and_keeps_the_chain(office: Office) -> None:
    conversation, _ = await written(office)
    async with office.database.primary() as db:
        await db.execute("UPDATE conversations SET data_key = NULL WHERE id = $1", conversation.id)
        assert await verify_conversation(db, conversation.id) is None
    with pytest.raises(Exception, match="erased"):
        await office.read(conversation.id)
