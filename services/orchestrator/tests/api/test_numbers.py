"""Who waits, and how the day went, as the journal knows it."""

from datetime import UTC, datetime

import pytest

from contracts.turn import Outcome
from orchestrator.jobs.queue import JobQueue
from orchestrator.numbers import NUMBERS
from orchestrator.turn.effects import Finish
from servicekit.telemetry import Metrics
from servicekit.telemetry.numbers import Numbers

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


async def _read(api):
    metrics = Metrics()
    await Numbers(api.app.state.kit.db, metrics, NUMBERS).read()
    return lambda name, **labels: metrics.registry.get_sample_value(name, labels)


async def _ended(api, finish: Finish) -> dict[str, str]:
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, "Hello", "one")).json()["turn_id"]
    await api.end(turn_id, finish)
    return {"conversation_id": conversation_id, "turn_id": turn_id}


async def test_the_day_is_told_by_who_ended_conversations_and_how_they_were_rated(api) -> None:
    before = await _read(api)
    answered = await _ended(api, Finish(Outcome.ANSWERED, "Hello."))
    await _ended(api, Finish(Outcome.REFUSED, "No."))
    await _ended(api, Finish(Outcome.HANDED_OVER, "A person comes."))
    await api.post("/api/agent/feedback", answered | {"thumbs": "up", "csat": 4})
    await api.db.execute("UPDATE turns SET cost_micros = 2500000 WHERE id = $1", answered["turn_id"])
    after = await _read(api)

    def more(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert (more("aiguy_day_conversations", by="bot"), more("aiguy_day_conversations", by="staff")) == (2, 1)
    assert more("aiguy_day_resolved_conversations") == 1
    assert more("aiguy_day_cost_dollars") == 2.5
    assert (more("aiguy_day_csat_answers", score="4"), more("aiguy_day_csat_answers", score="1")) == (1, 0)
    assert (more("aiguy_day_thumbs", way="up"), more("aiguy_day_thumbs", way="down")) == (1, 0)


async def test_what_waits_is_counted_and_the_oldest_is_known(api) -> None:
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, "Hello", "one")).json()["turn_id"]
    await api.db.execute("UPDATE turns SET created_at = now() - interval '100 seconds' WHERE id = $1", turn_id)
    await api.db.execute(
        "INSERT INTO cards (turn_id, digest, conversation_id, kind, content, expires_at, created_at)"
        " VALUES ($1, 'd', $2, 'approval', '', now() + interval '1 day', now() - interval '2 hours')",
        turn_id, conversation_id,
    )  # fmt: skip
    async with api.app.state.kit.db.transaction() as db:
        await JobQueue().tell_staff(db, turn_id, "d", datetime.now(UTC))
    value = await _read(api)
    assert value("aiguy_approvals_waiting") == 1
    assert value("aiguy_approvals_oldest_seconds") >= 7200
    assert value("aiguy_turns_open", status="running") >= 1
    assert value("aiguy_turns_oldest_seconds", status="running") >= 100
    assert value("aiguy_jobs_due", kind="run_turn") >= 1
    assert value("aiguy_jobs_due", kind="tell_staff") >= 1
    assert value("aiguy_jobs_oldest_seconds", kind="expire_card") == 0
    assert value("aiguy_conversations_with_staff") >= 0
