"""Knowledge gaps over the API: who may see them, what is kept of a turn, and how a gap closes or is hidden."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from contracts.resolved import ResolvedTicket
from contracts.turn import Outcome
from orchestrator.gaps.keeper import GapKeeper
from orchestrator.gaps.listing import NO_TICKETS, TICKETS_DOWN
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import PlanMade, PlannedCall, ToolSucceeded
from orchestrator.turn.journal import JournalConflict, Recorded
from orchestrator.turn.state import Observed, TurnState
from servicekit.auth.claims import Role
from servicekit.clock import SystemClock
from servicekit.testing import FakeClock

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
GAPS = "/api/agent/knowledge/gaps"
AXES, AXES_TOO = "Do you sharpen axes?", "Can I have my axe sharpened?"
CALL = PlannedCall(tool="search_kb", arguments={"query": "q"}, args_hash="1", label="")
NOTHING: dict[str, Any] = {
    "passages": [{"title": "Caring for wood", "url": "https://shop.example/help/wood"}],
    "strength": 0.12, "gap": 0.05, "cover": 0.4, "answerable": False,
}  # fmt: skip
TOLD = ResolvedTicket(
    number="HP-10013",
    subject="Blunt axe",
    resolution="Yes, we sharpen axes.",
    resolved_at=datetime(2026, 3, 2, tzinfo=UTC),
)
_numbers = itertools.count(1)


@dataclass
class Others:
    """The other services: what they answer, and what they were asked."""

    answered: set[str] = field(default_factory=set)
    tickets: tuple[ResolvedTicket, ...] | None = ()
    asked: list[str] = field(default_factory=list)
    #: Each answer takes so many seconds of this clock.
    clock: FakeClock = field(default_factory=FakeClock)
    takes_s: float = 0.0

    async def answerable(self, question: str) -> bool | None:
        self.asked.append(question)
        self.clock.advance(self.takes_s)
        return question in self.answered

    async def resolved(self, question: str, limit: int) -> tuple[ResolvedTicket, ...] | None:
        self.clock.advance(self.takes_s)
        return self.tickets


@pytest_asyncio.fixture(loop_scope="module")
async def others(api) -> AsyncIterator[Others]:
    """No gaps yet, and other services that know nothing."""
    await api.db.execute("DELETE FROM knowledge_gaps")
    found, before = Others(), api.app.state.gaps
    api.app.state.gaps = replace(before, colleagues=found)
    yield found
    api.app.state.gaps = before


async def running(api, text: str, subject: str) -> PgTurnJournal:
    """The journal of a turn that has just begun."""
    begun = await api.post("/api/agent/conversations", {}, subject=subject)
    said = {"conversation_id": begun.json()["conversation_id"], "text": text, "client_turn_id": f"t{next(_numbers)}"}
    turn_id = (await api.post("/api/agent/messages", said, subject=subject)).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    return PgTurnJournal(
        desk.database, conversation, turn_id, desk.codec, JobQueue(), desk.intake.vaults.of(conversation)
    )


async def ended(
    api, text: str = AXES, subject: str = "cust_ada", *, search: dict[str, Any] | None = None,
    outcome: Outcome = Outcome.REFUSED,
) -> tuple[str, PgTurnJournal]:  # fmt: skip
    """A turn that searched and has ended, as its engine leaves it; its id, and its journal."""
    journal = await running(api, text, subject)
    await end(journal, text, search=search, outcome=outcome)
    return journal.turn_id, journal


async def end(
    journal: PgTurnJournal, text: str, *, search: dict[str, Any] | None = None, outcome: Outcome = Outcome.REFUSED
) -> None:
    output = NOTHING if search is None else search
    inputs = [Recorded(PlanMade(call=CALL), 1_000), Recorded(ToolSucceeded(output=output, ms=3.0), 1_001)]
    state = TurnState(text=journal.vault.mask(text), observed=(Observed(CALL, output),))
    await journal.append(1, inputs, state, Finish(outcome, "I do not know."))


async def listed(api, **params: Any) -> dict[str, Any]:
    answer = await api.http.get(GAPS, params=params, headers=api.staff())
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def dismissed(api, gap_id: str, note: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
    return await api.http.post(f"{GAPS}/{gap_id}/dismiss", json={"note": note}, headers=headers or api.staff())


async def test_two_customers_with_one_question_are_one_gap_with_a_draft(api, others: Others) -> None:
    others.tickets = (TOLD,)
    first, _ = await ended(api)
    await ended(api, AXES_TOO, "cust_ben")
    (gap,) = (await listed(api))["gaps"]
    assert (gap["gap_id"], gap["count"], gap["customers"], gap["question"]) == (first, 2, 2, AXES)
    assert (gap["reasons"], gap["channels"], gap["tickets"]) == ({"not_answerable": 2}, ["web"], ["HP-10013"])
    assert gap["nearest"] == {"title": "Caring for wood", "url": "https://shop.example/help/wood", "extend": False}
    assert "reviewed: false" in gap["outline"]
    assert "- Yes, we sharpen axes. (HP-10013)" in gap["outline"]
    assert gap["outline_missing"] == ""


@pytest.mark.parametrize(("tickets", "why"), [((), NO_TICKETS), (None, TICKETS_DOWN)], ids=["none", "down"])
async def test_without_resolved_tickets_it_says_why_there_is_no_draft(api, others: Others, tickets, why: str) -> None:
    others.tickets = tickets
    await ended(api)
    (gap,) = (await listed(api))["gaps"]
    assert (gap["outline"], gap["outline_missing"]) == (None, why)


async def test_what_is_stored_is_sealed_masked_and_once_per_turn(api, others: Others) -> None:
    text = "I am ada@example.com. Do you sharpen axes?"
    turn_id, journal = await ended(api, text)
    with pytest.raises(JournalConflict):
        await end(journal, text)
    (row,) = await api.db.fetch("SELECT * FROM knowledge_gaps")
    assert row["turn_id"] == turn_id
    assert b"axes" not in row["question"]
    (gap,) = (await listed(api))["gaps"]
    assert gap["question"] == "I am <email>. Do you sharpen axes?"


async def test_the_gap_and_the_end_of_its_turn_are_one_transaction(api, others: Others) -> None:
    journal = await running(api, AXES, "cust_ada")
    await api.db.execute("ALTER TABLE knowledge_gaps RENAME TO elsewhere")
    try:
        with pytest.raises(asyncpg.UndefinedTableError):
            await end(journal, AXES)
    finally:
        await api.db.execute("ALTER TABLE elsewhere RENAME TO knowledge_gaps")
    assert await api.db.fetchval("SELECT status FROM turns WHERE id = $1", journal.turn_id) == "running"
    await end(journal, AXES)
    assert await api.db.fetchval("SELECT count(*) FROM knowledge_gaps") == 1


async def test_an_answer_is_no_gap_until_the_customer_says_so(api, others: Others) -> None:
    turn_id, journal = await ended(api, search=NOTHING | {"answerable": True}, outcome=Outcome.ANSWERED)
    assert (await listed(api))["gaps"] == []
    told = {"conversation_id": journal.conversation.id, "turn_id": turn_id}
    assert (await api.post("/api/agent/feedback", told | {"thumbs": "down"})).status_code == 204
    others.answered = {AXES}
    (gap,) = (await listed(api))["gaps"]
    assert gap["reasons"] == {"thumbs_down": 1}
    assert (await api.post("/api/agent/feedback", told | {"thumbs": "up"})).status_code == 204
    assert (await listed(api))["gaps"] == []


async def test_a_thumb_up_does_not_take_back_what_the_search_did_not_know(api, others: Others) -> None:
    turn_id, journal = await ended(api)
    told = {"conversation_id": journal.conversation.id, "turn_id": turn_id, "thumbs": "up"}
    assert (await api.post("/api/agent/feedback", told)).status_code == 204
    assert len((await listed(api))["gaps"]) == 1


async def test_a_gap_closes_when_the_knowledge_base_answers_it_and_opens_when_it_is_asked_in_vain_again(
    api, others: Others
) -> None:
    first, _ = await ended(api)
    others.answered = {AXES}
    assert (await listed(api))["gaps"] == []
    assert others.asked == [AXES]
    assert (await listed(api))["gaps"] == []
    assert others.asked == [AXES]
    await ended(api, AXES_TOO, "cust_ben")
    (gap,) = (await listed(api))["gaps"]
    assert (gap["gap_id"], gap["count"], gap["question"]) == (first, 1, AXES_TOO)


async def test_slow_services_bound_the_time_of_a_listing_and_not_what_is_listed(api, others: Others) -> None:
    api.app.state.gaps = replace(api.app.state.gaps, clock=others.clock)
    others.takes_s, others.tickets = 6.0, (TOLD,)
    topics = (
        "canoes",
        "umbrellas",
        "violins",
        "tulips",
        "cheese",
        "bicycles",
        "telescopes",
        "carpets",
        "honey",
        "mugs",
    )
    for topic in topics:
        await ended(api, f"Do you sell {topic}?")
    gaps = (await listed(api))["gaps"]
    assert len(gaps) == len(topics)
    assert len(others.asked) < len(topics)
    assert [one["outline_missing"] for one in gaps] == [""] * 2 + [TICKETS_DOWN] * 8


async def test_a_dismissed_gap_stays_away_with_all_that_is_like_it(api, others: Others) -> None:
    gap_id, _ = await ended(api)
    before = await api.db.fetchval("SELECT count(*) FROM audit WHERE tool = 'dismiss_gap'")
    for _ in range(2):
        answer = await dismissed(api, gap_id, "we are no smithy")
        assert (answer.status_code, answer.json()) == (200, {"gap_id": gap_id, "dismissed": True})
    await ended(api, AXES_TOO, "cust_ben")
    assert (await listed(api))["gaps"] == []
    (row,) = await api.db.fetch("SELECT * FROM knowledge_gaps WHERE turn_id = $1", gap_id)
    assert row["dismissed_by"] == "staff_kim"
    assert b"smithy" not in row["note"]
    assert await api.db.fetchval("SELECT count(*) FROM audit WHERE tool = 'dismiss_gap'") == before + 1


async def test_what_is_no_gap_cannot_be_dismissed(api, others: Others) -> None:
    turn_id, _ = await ended(api, search=NOTHING | {"answerable": True}, outcome=Outcome.ANSWERED)
    for gap_id in (turn_id, "trn_" + "0" * 32):
        answer = await dismissed(api, gap_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_who_is_erased_is_counted_no_more(api, others: Others) -> None:
    _, journal = await ended(api)
    await ended(api, AXES_TOO, "cust_ben")
    await api.db.execute("UPDATE conversations SET data_key = NULL WHERE id = $1", journal.conversation.id)
    (gap,) = (await listed(api))["gaps"]
    assert (gap["count"], gap["question"]) == (1, AXES_TOO)


async def test_questions_are_forgotten_when_their_time_is_over(api, others: Others) -> None:
    old, _ = await ended(api)
    new, _ = await ended(api, "Do you sell canoes?", "cust_ben")
    await api.db.execute("UPDATE knowledge_gaps SET asked_at = now() - interval '91 days' WHERE turn_id = $1", old)
    assert [one["gap_id"] for one in (await listed(api))["gaps"]] == [new]
    keeper = GapKeeper(api.app.state.desk.database, SystemClock(), timedelta(days=90))
    assert await keeper.sweep() == 1
    assert [row["turn_id"] for row in await api.db.fetch("SELECT turn_id FROM knowledge_gaps")] == [new]


async def test_since_and_limit_choose_and_say_what_is_left_out(api, others: Others) -> None:
    await ended(api, AXES)
    await ended(api, "Do you sell canoes?")
    await ended(api, "Tell me a joke")
    found = await listed(api, limit=1)
    assert (len(found["gaps"]), found["further"], found["noise"]) == (1, 1, 1)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert await listed(api, since=later) == {"gaps": [], "further": 0, "noise": 0}


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 101}, {"since": "yesterday"}, {"since": "2026-03-02T09:00:00"}, {"x": 1}]
)
async def test_a_bad_query_is_named(api, others: Others, params: dict[str, Any]) -> None:
    answer = await api.http.get(GAPS, params=params, headers=api.staff())
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUEST, Role.SERVICE])
async def test_nobody_but_staff_opens_it_whatever_scopes_they_have(api, others: Others, role: Role) -> None:
    gap_id, _ = await ended(api)
    scopes = ("chat:send", "console:read", "knowledge:curate")
    told = {"subject": "cust_ada", "role": role, "conversation_id": None, "turn_id": None}
    headers = api.issuer.bearer("orchestrator", scopes, **told)
    for answer in (await api.http.get(GAPS, headers=headers), await dismissed(api, gap_id, headers=headers)):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert len((await listed(api))["gaps"]) == 1


async def test_staff_of_another_shop_see_no_gap_of_this_one_and_hide_none(api, others: Others) -> None:
    gap_id, _ = await ended(api)
    headers = api.staff(issuer=api.other_shop)
    assert (await api.http.get(GAPS, headers=headers)).json() == {"gaps": [], "further": 0, "noise": 0}
    answer = await dismissed(api, gap_id, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert [one["gap_id"] for one in (await listed(api))["gaps"]] == [gap_id]


async def test_staff_whom_another_issuer_signs_in_see_the_gaps_of_their_shop_and_hide_them(api, others: Others) -> None:
    gap_id, _ = await ended(api)
    headers = api.staff(issuer=api.staff_door)
    found = (await api.http.get(GAPS, headers=headers)).json()["gaps"]
    assert [one["gap_id"] for one in found] == [gap_id]
    assert (await dismissed(api, gap_id, headers=headers)).status_code == 200
    assert (await listed(api))["gaps"] == []


async def test_reading_and_curating_are_two_scopes(api, others: Others) -> None:
    gap_id, _ = await ended(api)
    told = {"subject": "staff_kim", "role": Role.STAFF, "conversation_id": None, "turn_id": None}
    reads = api.issuer.bearer("orchestrator", ("console:read",), **told)
    curates = api.issuer.bearer("orchestrator", ("knowledge:curate",), **told)
    for answer in (await dismissed(api, gap_id, headers=reads), await api.http.get(GAPS, headers=curates)):
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
