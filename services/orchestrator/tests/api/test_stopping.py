"""A customer stops their own turn: what is journalled, what becomes of the card, and which turns cannot be stopped."""

from typing import Any

import pytest

from contracts.turn import Outcome
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.entries import load_entries
from orchestrator.journal.store import PgTurnJournal
from orchestrator.turn.effects import AskApproval, AskConfirmation, Finish, WaitingEffect
from orchestrator.turn.inputs import ConfirmationDecided, EffectPreviewed, PlanMade, PlannedCall, TurnInput
from orchestrator.turn.journal import JournalConflict, Recorded
from orchestrator.turn.machine import fold

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
DIGEST = "a" * 64
WRITE = PlannedCall(
    tool="issue_refund", arguments={}, args_hash="1", label="", write=True, needs_confirmation=True
)  # fmt: skip
APPROVED = WRITE.model_copy(update={"needs_approval": True})
PREVIEW = EffectPreviewed(summary="Refund 20.00", digest=DIGEST, expires_at_ms=4_000_000_000_000)
YES = ConfirmationDecided(digest=DIGEST, confirmed=True)


async def _said(api) -> tuple[str, str]:
    conversation_id = await api.begin()
    return conversation_id, (await api.say(conversation_id, "A refund please", "one")).json()["turn_id"]


async def _stop(api, conversation_id: str, turn_id: str) -> Any:
    return await api.post("/api/agent/stop", {"conversation_id": conversation_id, "turn_id": turn_id})


async def _journal(api, turn_id: str) -> PgTurnJournal:
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    vault = desk.intake.vaults.of(conversation)
    return PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)


async def _went_on(api, turn_id: str, *inputs: TurnInput, waits: type[WaitingEffect] | None = None) -> None:
    """As the turn's worker would: these inputs, and the wait that follows from them."""
    journal = await _journal(api, turn_id)
    recorded = list(await journal.load())
    fresh = [Recorded(one, 2_000) for one in inputs]
    step = fold((one.turn_input, one.at_ms) for one in (*recorded, *fresh))
    closing = next((one for one in step.effects if waits is not None and isinstance(one, waits)), None)
    await journal.append(len(recorded), fresh, step.state, closing)


async def _kinds(api, turn_id: str) -> list[str]:
    rows = await api.db.fetch("SELECT kind FROM journal WHERE turn_id = $1 ORDER BY turn_seq", turn_id)
    return [row["kind"] for row in rows]


async def _outcome(api, turn_id: str) -> Outcome | None:
    """What the journal comes to."""
    journal, desk = await _journal(api, turn_id), api.app.state.desk
    async with desk.database.primary() as db:
        recorded = await load_entries(db, journal.conversation.sealer, turn_id, desk.codec)
    return fold((one.turn_input, one.at_ms) for one in recorded).state.outcome


async def test_a_turn_that_runs_is_stopped_once_and_whoever_ran_it_has_lost_it(api) -> None:
    conversation_id, turn_id = await _said(api)
    worker = await _journal(api, turn_id)
    known = len(await worker.load())
    first, again = [await _stop(api, conversation_id, turn_id) for _ in range(2)]
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert first.json()["turn_id"] == turn_id
    assert await _kinds(api, turn_id) == ["turn_started", "stop_asked"]
    assert await _outcome(api, turn_id) is Outcome.STOPPED
    with pytest.raises(JournalConflict):
        await worker.append(known, [Recorded(PlanMade(call=WRITE), 2_000)], fold([]).state, None)


async def test_a_turn_that_was_stopped_has_a_job_that_ends_it(api) -> None:
    conversation_id, turn_id = await _said(api)
    await api.db.execute("DELETE FROM pgqueuer WHERE payload = convert_to($1, 'UTF8')", turn_id)
    await _stop(api, conversation_id, turn_id)
    jobs = await api.db.fetchval("SELECT count(*) FROM pgqueuer WHERE payload = convert_to($1, 'UTF8')", turn_id)
    assert jobs == 1


async def test_an_open_card_is_closed_as_declined(api) -> None:
    conversation_id, turn_id = await _said(api)
    await _went_on(api, turn_id, PlanMade(call=WRITE), PREVIEW, waits=AskConfirmation)
    assert (await api.get(f"/api/agent/conversations/{conversation_id}")).json()["cards"]
    assert (await _stop(api, conversation_id, turn_id)).status_code == 202
    assert await _outcome(api, turn_id) is Outcome.DECLINED
    state = await api.db.fetchval("SELECT state FROM cards WHERE turn_id = $1", turn_id)
    assert state == "no"
    yes = {"conversation_id": conversation_id, "turn_id": turn_id, "digest": DIGEST, "confirmed": True}
    assert (await api.post("/api/agent/confirmations", yes)).status_code == 409


async def test_what_waits_for_staff_is_theirs(api) -> None:
    conversation_id, turn_id = await _said(api)
    await _went_on(api, turn_id, PlanMade(call=APPROVED), PREVIEW, waits=AskConfirmation)
    yes = {"conversation_id": conversation_id, "turn_id": turn_id, "digest": DIGEST, "confirmed": True}
    assert (await api.post("/api/agent/confirmations", yes)).status_code == 202
    await _went_on(api, turn_id, waits=AskApproval)
    before = await _kinds(api, turn_id)
    answer = await _stop(api, conversation_id, turn_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "waits_for_staff")
    assert await _kinds(api, turn_id) == before


async def test_a_write_that_is_under_way_is_left_alone(api) -> None:
    conversation_id, turn_id = await _said(api)
    await _went_on(api, turn_id, PlanMade(call=WRITE), PREVIEW, waits=AskConfirmation)
    yes = {"conversation_id": conversation_id, "turn_id": turn_id, "digest": DIGEST, "confirmed": True}
    await api.post("/api/agent/confirmations", yes)
    before = await _kinds(api, turn_id)
    assert (await _stop(api, conversation_id, turn_id)).status_code == 202
    assert await _kinds(api, turn_id) == before == ["turn_started", "plan_made", "effect_previewed",
                                                    "confirmation_decided"]  # fmt: skip


async def test_a_turn_that_has_ended_stays_as_it_is(api) -> None:
    conversation_id, turn_id = await _said(api)
    await api.end(turn_id, Finish(Outcome.ANSWERED, "It is on its way."))
    before = (await api.get(f"/api/agent/conversations/{conversation_id}")).json()
    assert (await _stop(api, conversation_id, turn_id)).status_code == 202
    assert (await api.get(f"/api/agent/conversations/{conversation_id}")).json() == before


async def test_nothing_joins_a_turn_that_was_stopped_before_it_began(api) -> None:
    conversation_id, _ = await _said(api)
    waits = (await api.say(conversation_id, "Second", "two")).json()["turn_id"]
    await _stop(api, conversation_id, waits)
    later = [(await api.say(conversation_id, f"Later {n}", f"later-{n}")).json()["turn_id"] for n in range(2)]
    assert waits not in later
    assert later[0] == later[1]
    assert await _kinds(api, waits) == ["turn_started", "stop_asked"]
    statuses = await api.db.fetch(
        "SELECT status FROM turns WHERE conversation_id = $1 ORDER BY ordinal", conversation_id
    )
    assert [row["status"] for row in statuses] == ["running", "queued", "queued"]


async def test_a_turn_of_another_conversation_is_not_found(api) -> None:
    _, turn_id = await _said(api)
    other = await api.begin()
    answer = await _stop(api, other, turn_id)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    foreign = await api.post(
        "/api/agent/stop", {"conversation_id": other, "turn_id": turn_id}, subject="cust_ben"
    )  # fmt: skip
    assert foreign.status_code == 404
    assert await _kinds(api, turn_id) == ["turn_started"]
