"""What a turn knew when it began is read from the thread as it stood then, whatever was said since."""

import pytest

from contracts.turn import Role
from orchestrator.brain.port import Message
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.replay.earlier import Earlier, earlier_of

from .conftest import Office
from .test_replay_reading import ended

pytestmark = pytest.mark.service


async def read(office: Office, turn_id: str) -> Earlier | None:
    async with office.database.primary() as db:
        return await earlier_of(db, office.conversations, turn_id)


async def test_what_was_said_before_is_known_and_nothing_of_later(office: Office) -> None:
    conversation, first = await ended(office)
    second = await office.say(conversation.id, "Or eve@example.com", "two")
    before, after = await read(office, first), await read(office, second)
    assert before is not None
    assert after is not None
    assert before.remembered.history == ()
    said = [(one.role, one.text.partition("<")[0]) for one in after.remembered.history]
    assert said == [(Role.CUSTOMER, "Hello, I am "), (Role.ASSISTANT, "Hello.")]
    assert {one.value for one in after.held} >= {"ada@example.com", "eve@example.com"}
    assert all("ada@example.com" not in one.text for one in after.remembered.history)


async def test_of_a_long_conversation_the_messages_before_the_turn_are_read(office: Office) -> None:
    conversation, first = await ended(office)
    async with office.database.primary() as db:
        for number in range(60):
            text = conversation.sealer.seal("thread", f"later {number}".encode())
            await db.execute(
                "INSERT INTO thread (conversation_id, role, content) VALUES ($1, 'staff', $2)", conversation.id, text
            )
    second = await office.say(conversation.id, "Still there?", "two")
    before, after = await read(office, first), await read(office, second)
    assert before is not None
    assert after is not None
    assert before.remembered.history == ()
    assert after.remembered.history[-1] == Message(Role.STAFF, "later 59")
    assert len(after.remembered.history) == 20


async def test_of_who_was_erased_nothing_is_known(office: Office) -> None:
    conversation, turn_id = await ended(office)
    async with office.database.transaction() as db:
        await erase_conversations(db, [conversation.id])
    assert await read(office, turn_id) is None
    assert await read(office, "trn_nobody") is None
