"""A message becomes one turn, in order, whoever sends it how often."""

import asyncio

import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from contracts.errors import ProblemCode
from orchestrator.journal.accept import plain_answer
from orchestrator.journal.entries import load_entries
from orchestrator.journal.views import last_messages
from servicekit.errors import ProblemError

from .conftest import BEN, Office

pytestmark = pytest.mark.service


async def test_the_same_message_sent_twenty_times_at_once_is_one_turn(office: Office) -> None:
    conversation = await office.begin()
    turns = await asyncio.gather(*(office.say(conversation.id, "Hello", "one") for _ in range(20)))
    assert len(set(turns)) == 1
    assert [job for job in await office.enqueued() if job in turns] == [turns[0]]
    async with office.database.primary() as db:
        assert [said.text for said in await last_messages(db, conversation, 50)] == ["Hello"]
        assert len(await load_entries(db, conversation.sealer, turns[0], office.codec)) == 1


async def test_a_turn_is_enqueued_exactly_as_the_queue_itself_would(office: Office) -> None:
    conversation = await office.begin()
    turn_id = await office.say(conversation.id, "Hello", "one")
    columns = "priority, entrypoint, payload, status, dedupe_key, headers, attempts, execute_after - created AS wait"
    async with office.database.transaction() as db:
        await Queries(AsyncpgDriver(db)).enqueue("run_turn", turn_id.encode(), priority=10)
        both = f"SELECT {columns} FROM pgqueuer WHERE payload = $1 ORDER BY id"
        ours, theirs = await db.fetch(both, turn_id.encode())
        logged = await db.fetch(
            "SELECT l.status, l.entrypoint, l.priority FROM pgqueuer_log l JOIN pgqueuer q ON q.id = l.job_id"
            " WHERE q.payload = $1", turn_id.encode(),
        )  # fmt: skip
    assert dict(ours) == dict(theirs)
    assert len(logged) == 2
    assert logged[0] == logged[1]


async def test_the_same_id_with_another_text_is_refused(office: Office) -> None:
    conversation = await office.begin()
    await office.say(conversation.id, "Hello", "one")
    with pytest.raises(ProblemError) as caught:
        await office.say(conversation.id, "Goodbye", "one")
    assert caught.value.problem.code is ProblemCode.IDEMPOTENCY_KEY_REUSED


async def test_messages_that_come_while_a_turn_runs_wait_and_are_read_together(office: Office) -> None:
    conversation = await office.begin()
    first = await office.say(conversation.id, "one", "1")
    second = await office.say(conversation.id, "two", "2")
    third = await office.say(conversation.id, "three", "3")
    assert first != second == third
    assert [job for job in await office.enqueued() if job in (first, second)] == [first]
    async with office.database.primary() as db:
        entries = await load_entries(db, conversation.sealer, second, office.codec)
    assert [entry.turn_input.kind for entry in entries] == ["turn_started", "message_added"]


async def test_a_conversation_of_somebody_else_is_not_found(office: Office) -> None:
    conversation = await office.begin()
    with pytest.raises(ProblemError) as caught:
        await office.say(conversation.id, "Hello", "one", BEN)
    assert caught.value.problem.code is ProblemCode.NOT_FOUND


async def test_nothing_readable_is_stored(office: Office) -> None:
    conversation = await office.begin()
    await office.say(conversation.id, "My secret is swordfish", "one")
    async with office.database.primary() as db:
        for table in ("conversations", "turns", "messages", "thread", "journal"):
            dump = str(await db.fetch(f"SELECT t::text, t.* FROM {table} t"))
            assert "swordfish" not in dump
            assert "cust_ada" not in dump
            assert "ada@example.com" not in dump
            assert b"swordfish".hex() not in dump


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes.", True),
        (" ok ", True),
        ("Yes, please!", True),
        ("yes, go ahead", True),
        ("Sure, that's fine. Thanks!", True),
        ("no, thanks", False),
        ("No thanks", False),
        ("Cancel!", False),
        ("No, don't.", False),
        ("please cancel my order", None),
        ("yes but later", None),
        ("yes, but for order 1234", None),
        ("no idea", None),
        ("yes, cancel", None),
        ("no, go ahead", None),
        ("Ja, bitte", True),
        ("oui merci", True),
        ("Sí, por favor.", True),
        ("va bene, grazie", True),
        ("graag", None),
        ("Nein danke", False),
        ("non merci", False),
        ("nee", False),
        ("ja aber erst morgen", None),
        ("si no llega, avíseme", None),
    ],
)
def test_a_plain_yes_or_no(text: str, answer: bool | None) -> None:
    assert plain_answer(text) is answer
