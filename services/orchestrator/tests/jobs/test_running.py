"""A run whose turn was stopped is broken off, also when somebody else's process heard of it; no other run is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from orchestrator.jobs.running import RunningTurns
from servicekit.db.pool import Database
from servicekit.testing import eventually

pytestmark = pytest.mark.service


@pytest.fixture
async def database(database_url: Callable[[str], str]) -> AsyncIterator[Database]:
    connected = await Database.connect(database_url("orchestrator"), size=4)
    yield connected
    await connected.close()


async def _run(running: RunningTurns, turn_id: str, number: int, told: list[str]) -> None:
    with running.until_stopped(turn_id, number):
        told.append(f"began {number}")
        try:
            await asyncio.Event().wait()
        finally:
            told.append(f"left {number}")
    told.append(f"went on {number}")


async def _journalled(database: Database, turn_id: str, runs: int, kind: str) -> None:
    """A turn with its number of runs, and one input."""
    conversation = turn_id.replace("trn", "cnv")
    async with database.transaction() as db:
        await db.execute(
            "INSERT INTO conversations (id, issuer, subject_hash, identity, customer, channel, key_id, data_key)"
            " VALUES ($1, 'shop', $1, '', true, 'web', 'k', '')",
            conversation,
        )
        await db.execute(
            "INSERT INTO turns (id, conversation_id, ordinal, status, runs) VALUES ($1, $2, 1, 'running', $3)",
            turn_id, conversation, runs,
        )  # fmt: skip
        await db.execute("SELECT journal_append($1, $2, 0, $3, $4, $5)", conversation, turn_id, [kind], [1], [b"x"])


async def test_a_run_that_is_broken_off_is_left_and_its_task_goes_on() -> None:
    running, told = RunningTurns(_nobody()), []
    task = asyncio.create_task(_run(running, "trn_1", 1, told))
    await eventually(lambda: told)
    running.break_off("trn_2")
    running.break_off("trn_1")
    running.break_off("trn_1")
    await task
    assert told == ["began 1", "left 1", "went on 1"]
    assert task.cancelling() == 0


async def test_who_cancels_the_task_itself_has_it_cancelled() -> None:
    running, told = RunningTurns(_nobody()), []
    task = asyncio.create_task(_run(running, "trn_1", 1, told))
    await eventually(lambda: told)
    running.break_off("trn_1")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["began 1", "left 1"]


async def test_a_stop_in_the_journal_breaks_off_the_runs_before_the_one_that_tells_of_it(database: Database) -> None:
    running, told = RunningTurns(database, look_every_s=0.01), []
    await _journalled(database, "trn_stopped", 2, "stop_asked")
    old = asyncio.create_task(_run(running, "trn_stopped", 1, told))
    new = asyncio.create_task(_run(running, "trn_stopped", 2, told))
    running.start()
    await old
    assert not new.done()
    await running.stop()
    assert "went on 2" not in told
    new.cancel()
    await asyncio.wait([new])


async def test_a_turn_that_nobody_stopped_goes_on_however_often_it_was_taken_over(database: Database) -> None:
    running, told = RunningTurns(database, look_every_s=0.01), []
    await _journalled(database, "trn_going", 5, "message_added")
    await _journalled(database, "trn_other", 2, "stop_asked")
    going = asyncio.create_task(_run(running, "trn_going", 1, told))
    other = asyncio.create_task(_run(running, "trn_other", 1, []))
    running.start()
    await other  # the journal was asked
    assert told == ["began 1"]
    await running.stop()
    going.cancel()
    await asyncio.wait([going])


def _nobody() -> Any:
    """A database that is never asked."""
    return None
