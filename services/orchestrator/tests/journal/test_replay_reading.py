"""What is recorded of turns is read as it was written, or it is said what is wrong with it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from contracts.turn import FinalMessage
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import append_entries
from orchestrator.journal.store import PgTurnJournal
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.replay.identical import replay
from orchestrator.replay.reading import Recordings
from orchestrator.replay.recording import Recording, Unreadable
from orchestrator.turn.decided import mark_of
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import Guarded, PlanMade
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from servicekit.crypto import Keyring
from servicekit.db.pool import Connection

from .conftest import Office

pytestmark = pytest.mark.service


async def ended(office: Office, client_turn: str = "one", *, marked: bool = True) -> tuple[Conversation, str]:
    """A turn of three entries that has ended."""
    conversation = await office.begin()
    turn_id = await office.say(conversation.id, "Hello, I am ada@example.com", client_turn)
    journal = PgTurnJournal(
        office.database, conversation, turn_id, office.codec, JobQueue(), office.vaults.of(conversation)
    )  # fmt: skip
    inputs = list(await journal.load())
    for turn_input in (PlanMade(message=FinalMessage(text="Hello.")), Guarded(verdict="pass", text="Hello.")):
        step = fold((one.turn_input, one.at_ms) for one in inputs)
        mark = mark_of(step.state.phase, step.effects) if marked else ""
        inputs.append(Recorded(turn_input, 2_000 + len(inputs), mark))
    step = fold((one.turn_input, one.at_ms) for one in inputs)
    finish = next(one for one in step.effects if isinstance(one, Finish))
    await journal.append(1, inputs[1:], step.state, finish)
    return conversation, turn_id


def recordings(office: Office, *, reveal: bool = False) -> Recordings:
    return Recordings(office.conversations, office.codec, reveal)


async def read(office: Office, turn_id: str, *, reveal: bool = False) -> Recording:
    async with office.database.primary() as db:
        found = await recordings(office, reveal=reveal).turn(db, turn_id)
    assert found is not None
    return found


async def tampered(office: Office, work: Callable[[Connection], Awaitable[object]]) -> None:
    """Change rows as somebody would who owns the database server."""
    async with office.database.primary() as db:
        await db.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
        try:
            await work(db)
        finally:
            await db.execute("ALTER TABLE journal ENABLE TRIGGER ALL")


async def test_an_ended_turn_is_identical_and_its_answers_are_proven(office: Office) -> None:
    _, turn_id = await ended(office)
    verdict = replay(await read(office, turn_id))
    assert (verdict.difference, verdict.unmarked) == (None, 0)
    assert [one.proven for one in verdict.steps] == [False, True, True]


async def test_entries_that_an_older_release_wrote_replay(office: Office) -> None:
    _, turn_id = await ended(office, marked=False)
    verdict = replay(await read(office, turn_id))
    assert (verdict.difference, verdict.unmarked) == (None, 2)


async def test_a_mark_is_no_part_of_what_the_turn_reads(office: Office) -> None:
    payload = office.codec.encode(Guarded(verdict="pass", text='a "b"}'), "call_tool:12ab")
    assert office.codec.decode(payload) == Guarded(verdict="pass", text='a "b"}')
    assert office.codec.mark(payload) == "call_tool:12ab"
    assert office.codec.mark(office.codec.encode(Guarded(verdict="pass", text="a"))) == ""


@pytest.mark.parametrize(
    ("change", "entry", "why"),
    [
        ("UPDATE journal SET payload = payload || '\\x00' WHERE turn_id = $1 AND turn_seq = 2", 2, "was changed"),
        ("UPDATE journal SET at_ms = at_ms + 1 WHERE turn_id = $1 AND turn_seq = 3", 3, "was changed"),
        ("DELETE FROM journal WHERE turn_id = $1 AND turn_seq = 2", 2, "missing"),
        ("DELETE FROM journal WHERE turn_id = $1 AND turn_seq = 3", 3, "missing"),
        ("UPDATE turns SET final_event = final_event || '\\x00' WHERE id = $1", None, "does not open"),
        ("UPDATE turns SET outcome = 'refused' WHERE id = $1", None, "its record says outcome refused"),
    ],
)
async def test_what_was_changed_is_named(office: Office, change: str, entry: int | None, why: str) -> None:
    _, turn_id = await ended(office)
    await tampered(office, lambda db: db.execute(change, turn_id))
    difference = replay(await read(office, turn_id)).difference
    assert difference is not None
    assert difference.entry == entry
    assert why in difference.why


async def test_an_entry_that_was_sealed_anew_with_its_hash_is_found_by_its_mark(office: Office) -> None:
    conversation, turn_id = await ended(office)
    mark = (await read(office, turn_id)).inputs[1].mark
    forged = office.codec.encode(PlanMade(message=FinalMessage(text="Goodbye.")), mark)
    sealed = conversation.sealer.seal(f"journal|{turn_id}|2", forged)
    statement = (
        "UPDATE journal SET payload = $2, hash = sha256(prev_hash || journal_line(conversation_id, seq, turn_id,"
        " turn_seq, kind, at_ms) || $2) WHERE turn_id = $1 AND turn_seq = 2"
    )
    await tampered(office, lambda db: db.execute(statement, turn_id, sealed))
    difference = replay(await read(office, turn_id)).difference
    assert difference is not None
    assert difference.entry == 3
    assert "the answer to check_guardrails" in difference.why


async def test_what_cannot_be_read_says_why(office: Office) -> None:
    _, turn_id = await ended(office)
    other_ring = Keyring("k9", {"k9": b"9" * 32})
    async with office.database.primary() as db:
        locked = await Recordings(Conversations(other_ring, b""), office.codec).turn(db, turn_id)
        changed_key = Recordings(Conversations(Keyring("k1", {"k1": b"9" * 32}), b""), office.codec)
        unopened = await changed_key.turn(db, turn_id)
        nobody = await recordings(office).turn(db, "trn_nobody")
    assert locked is not None
    assert locked.unreadable is Unreadable.KEY_MISSING
    assert unopened is not None
    assert unopened.unreadable is Unreadable.UNOPENED
    assert nobody is None


async def test_a_turn_under_way_and_one_of_an_erased_person_are_not_read(office: Office) -> None:
    conversation, turn_id = await ended(office)
    running = await office.say(conversation.id, "One more thing", "two")
    assert (await read(office, running)).unreadable is Unreadable.UNFINISHED
    async with office.database.transaction() as db:
        await erase_conversations(db, [conversation.id])
    assert (await read(office, turn_id)).unreadable is Unreadable.ERASED


async def test_personal_data_is_given_only_when_it_is_asked_for(office: Office) -> None:
    conversation, turn_id = await ended(office)
    async with office.database.primary() as db:
        message = (await read(office, turn_id)).inputs[0].turn_input
        vault = office.vaults.of(conversation)
        vault.mask("ada@example.com")
        await append_entries(
            db, conversation.sealer, await office.say(conversation.id, "x", "two"), 1, [], office.codec,
            vault.take_fresh(),
        )  # fmt: skip
    assert "ada@example.com" not in str(message)
    assert (await read(office, turn_id)).held == {}
    assert "ada@example.com" in (await read(office, turn_id, reveal=True)).held.values()


async def test_turns_of_a_time_come_once_each_and_oldest_first_over_several_pages(office: Office) -> None:
    made = [(await ended(office, f"turn{number}"))[1] for number in range(5)]
    first = await read(office, made[0])
    async with office.database.primary() as db:
        # Those of one transaction have one time.
        await db.execute("UPDATE turns SET created_at = $2 WHERE id = ANY ($1)", made[:3], first.began)
        pages = Recordings(office.conversations, office.codec, page=2)
        begun, over = first.began, first.began + timedelta(days=1)
        found = [one.turn_id async for one in pages.between(db, begun, over)]
        before = [one async for one in pages.between(db, begun - timedelta(days=1), begun)]
    assert sorted(found[:3]) == sorted(made[:3])
    assert found[3:] == made[3:]
    assert {one.turn_id for one in before}.isdisjoint(made)
