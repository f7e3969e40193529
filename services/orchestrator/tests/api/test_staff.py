"""Staff over the API: who waits, answering in the customer's thread, stepping in, handing back."""

import asyncio
import itertools
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.journal.views import last_messages
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import HandedOff, HandOffQueued
from orchestrator.turn.journal import Recorded
from orchestrator.turn.loop import run_turn
from orchestrator.turn.machine import fold
from servicekit.auth.claims import Caller, Role
from servicekit.testing import FakeClock, TestIssuer

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
QUEUE, MESSAGES = "/api/agent/handoffs", "/api/agent/staff/messages"
TAKEOVER, HANDBACK = "/api/agent/staff/takeover", "/api/agent/staff/handback"
_numbers = itertools.count(1)


async def journal_of(api, turn_id: str) -> PgTurnJournal:
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    vault = desk.intake.vaults.of(conversation)
    return PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)


async def wants_a_person(api, conversation_id: str, text: str = "I want to talk to a person") -> PgTurnJournal:
    turn_id = (await api.say(conversation_id, text, f"h{next(_numbers)}")).json()["turn_id"]
    return await journal_of(api, turn_id)


async def hand_over(journal: PgTurnJournal, told: HandedOff | HandOffQueued) -> None:
    """The turn ends by a hand-over, as its engine ends it."""
    recorded = Recorded(told, 2_000)
    known = await journal.load()
    step = fold((one.turn_input, one.at_ms) for one in [*known, recorded])
    closing = next(one for one in step.effects if isinstance(one, Finish))
    await journal.append(len(known), [recorded], step.state, closing)


async def with_a_person(api, subject: str = "cust_ada") -> str:
    conversation_id = await api.begin(subject)
    await hand_over(await wants_a_person(api, conversation_id), HandedOff(ticket_number="HP-1", text="A person comes."))
    return conversation_id


async def staff_post(api, path: str, body: Any, subject: str = "staff_kim") -> httpx.Response:
    return await api.http.post(path, json=body, headers=api.staff(subject))


async def reply(api, conversation_id: str, text: str = "Hello, this is Kim.", client_id: str = "m-1") -> httpx.Response:
    body = {"conversation_id": conversation_id, "text": text, "client_message_id": client_id}
    return await staff_post(api, MESSAGES, body)


async def queued(api, conversation_id: str) -> dict[str, Any] | None:
    answer = await api.http.get(QUEUE, params={"limit": 200}, headers=api.staff())
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["handoffs"]
    return next((one for one in found if one["conversation_id"] == conversation_id), None)


async def view(api, conversation_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/api/agent/conversations/{conversation_id}")).json()
    return found


async def silent(api, conversation_id: str, text: str = "Anybody there?") -> bool:
    """Whether the bot says nothing to a message that comes now."""
    turn_id = (await api.say(conversation_id, text, f"s{next(_numbers)}")).json()["turn_id"]
    journal = await journal_of(api, turn_id)

    class Nobody:
        """A runner that may be asked for nothing."""

        def is_local(self, _effect: object) -> bool:
            raise AssertionError("the bot wanted to answer")

        async def tell(self, effect: object, state: object) -> None:
            return None

    try:
        state = await run_turn(journal, Nobody(), lambda: 3_000)  # type: ignore[arg-type]
    except AssertionError:
        return False
    return state.ended and state.answer_text == ""


async def audited(api, step: str) -> int:
    count: int = await api.db.fetchval("SELECT count(*) FROM audit WHERE tool = $1", step)
    return count


async def test_who_was_handed_over_waits_in_the_queue_with_the_reason_and_the_last_words(api) -> None:
    conversation_id = await with_a_person(api)
    waits = await queued(api, conversation_id)
    assert waits is not None
    assert (waits["reason"], waits["channel"], waits["last_message"]) == (
        "customer_asked", "web", "I want to talk to a person",
    )  # fmt: skip
    assert waits["waiting_since"] == waits["since"]


async def test_what_staff_say_stands_in_the_thread_and_the_customer_sees_it(api) -> None:
    conversation_id = await with_a_person(api)
    before = await audited(api, "staff_message")
    assert (await reply(api, conversation_id)).status_code == 200
    shown = await view(api, conversation_id)
    assert (shown["answering"], shown["messages"][-1]["role"]) == ("staff", "staff")
    assert shown["messages"][-1]["text"] == "Hello, this is Kim."
    answered = await queued(api, conversation_id)
    assert answered is not None
    assert answered["waiting_since"] is None
    assert await audited(api, "staff_message") == before + 1


async def test_what_staff_write_of_somebody_is_stored_as_tokens_and_shown_as_it_was_written(api) -> None:
    conversation_id = await with_a_person(api)
    text = "I have sent it to zoe.planted@example.org, about order ABC1234."
    assert (await reply(api, conversation_id, text)).status_code == 200
    assert (await view(api, conversation_id))["messages"][-1]["text"] == text
    shown = await api.http.get(f"/api/agent/staff/conversations/{conversation_id}", headers=api.staff())
    assert shown.json()["messages"][-1]["text"] == text
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.owned(db, conversation_id, _ada())
        stored = await last_messages(db, conversation, 1)
    assert "zoe.planted" not in stored[0].text
    assert "<email_" in stored[0].text


async def test_a_message_that_is_resent_is_written_once_and_its_id_is_for_one_text(api) -> None:
    conversation_id = await with_a_person(api)
    first = await reply(api, conversation_id)
    same = await asyncio.gather(*(reply(api, conversation_id) for _ in range(5)))
    assert {one.text for one in same} == {first.text}
    other = await reply(api, conversation_id, "Something else")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert [one["role"] for one in (await view(api, conversation_id))["messages"]].count("staff") == 1


async def test_a_customer_who_writes_again_waits_again(api) -> None:
    conversation_id = await with_a_person(api)
    await reply(api, conversation_id)
    assert await silent(api, conversation_id, "And my zip?")
    waits = await queued(api, conversation_id)
    assert waits is not None
    assert waits["waiting_since"] > waits["since"]
    assert waits["last_message"] == "And my zip?"


async def test_staff_step_in_unasked_and_the_bot_keeps_silent_until_it_is_handed_back(api) -> None:
    conversation_id = await api.begin()
    refused = await reply(api, conversation_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert not await silent(api, conversation_id, "Hello?")
    await api.db.execute("UPDATE turns SET status = 'ended' WHERE conversation_id = $1", conversation_id)
    took = await staff_post(api, TAKEOVER, {"conversation_id": conversation_id})
    assert (took.json()["answering"], took.json()["changed"]) == ("staff", True)
    again = await staff_post(api, TAKEOVER, {"conversation_id": conversation_id})
    assert again.json()["changed"] is False
    assert await silent(api, conversation_id)
    waits = await queued(api, conversation_id)
    assert waits is not None
    assert waits["reason"] == "staff"
    back = await staff_post(api, HANDBACK, {"conversation_id": conversation_id, "note": "All solved."})
    assert (back.json()["answering"], back.json()["changed"]) == ("bot", True)
    assert await queued(api, conversation_id) is None
    assert not await silent(api, conversation_id, "Thanks, one more thing")
    steps = await api.db.fetch(
        "SELECT step, done_by, note FROM staff_steps WHERE conversation_id = $1 ORDER BY id", conversation_id
    )
    assert [(one["step"], one["done_by"]) for one in steps] == [("takeover", "staff_kim"), ("handback", "staff_kim")]
    assert b"solved" not in steps[1]["note"]


async def test_a_message_that_waited_for_its_turn_when_staff_stepped_in_is_left_to_them(api) -> None:
    conversation_id = await api.begin()
    turn_id = (await api.say(conversation_id, "How do I return an item?", "one")).json()["turn_id"]
    await staff_post(api, TAKEOVER, {"conversation_id": conversation_id})
    recorded = await (await journal_of(api, turn_id)).load()
    assert [one.turn_input.kind for one in recorded] == ["turn_started", "staff_took_over"]


async def test_a_turn_that_a_person_answered_does_not_take_the_conversation_back_when_it_ends_late(api) -> None:
    conversation_id = await with_a_person(api)
    turn_id = (await api.say(conversation_id, "Thanks!", "late")).json()["turn_id"]
    journal = await journal_of(api, turn_id)
    await staff_post(api, HANDBACK, {"conversation_id": conversation_id})
    (started,) = await journal.load()
    step = fold([(started.turn_input, started.at_ms)])
    await journal.append(1, [], step.state, next(one for one in step.effects if isinstance(one, Finish)))
    assert (await view(api, conversation_id))["answering"] == "bot"


async def test_a_promised_hand_over_and_its_job_are_there_together_or_not_at_all(api) -> None:
    """Crashes at each side of the transaction: the promise is never without the job that keeps it."""
    journal = await wants_a_person(api, await api.begin())

    class Dies(JobQueue):
        async def hand_off_later(self, db, turn_id: str) -> None:
            await super().hand_off_later(db, turn_id)
            raise KeyboardInterrupt

    async def stands() -> tuple[str, int]:
        status = await api.db.fetchval("SELECT status FROM turns WHERE id = $1", journal.turn_id)
        jobs = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'hand_off' AND payload = $1"
        return status, await api.db.fetchval(jobs, journal.turn_id.encode())

    assert await stands() == ("running", 0)
    journal.scheduler = Dies()
    with pytest.raises(KeyboardInterrupt):
        await hand_over(journal, HandOffQueued(text="They will answer you here."))
    assert await stands() == ("running", 0)
    journal.scheduler = JobQueue()
    await hand_over(journal, HandOffQueued(text="They will answer you here."))
    assert await stands() == ("ended", 1)
    reason = await api.db.fetchval("SELECT handoff_reason FROM turns WHERE id = $1", journal.turn_id)
    assert reason == "customer_asked"


async def test_staff_read_a_conversation_and_that_is_audited(api) -> None:
    conversation_id = await with_a_person(api)
    before = await audited(api, "staff_read")
    answer = await api.http.get(f"/api/agent/staff/conversations/{conversation_id}", headers=api.staff())
    assert [one["role"] for one in answer.json()["messages"]] == ["assistant", "customer", "assistant"]
    assert await audited(api, "staff_read") == before + 1


async def test_a_step_is_audited_at_the_time_of_the_clock_that_the_service_has(api) -> None:
    conversation_id = await api.begin()
    desk = api.app.state.desk
    clock = FakeClock(datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC))
    api.app.state.desk = replace(desk, intake=replace(desk.intake, clock=clock))
    try:
        await staff_post(api, TAKEOVER, {"conversation_id": conversation_id})
    finally:
        api.app.state.desk = desk
    times = await api.db.fetch("SELECT at FROM audit WHERE tool = 'staff_takeover'")
    assert clock.now() in [one["at"] for one in times]


async def test_what_is_not_there_is_not_found(api) -> None:
    nobody = "cnv_" + "0" * 32
    for path, body in (
        (TAKEOVER, {"conversation_id": nobody}), (HANDBACK, {"conversation_id": nobody}),
        (MESSAGES, {"conversation_id": nobody, "text": "x", "client_message_id": "m"}),
    ):  # fmt: skip
        assert (await staff_post(api, path, body)).status_code == 404


async def test_an_erased_conversation_is_in_no_queue_and_cannot_be_written_into(api) -> None:
    conversation_id = await with_a_person(api)
    await api.db.execute("UPDATE conversations SET data_key = NULL WHERE id = $1", conversation_id)
    assert await queued(api, conversation_id) is None
    assert (await reply(api, conversation_id)).status_code == 404


@pytest.mark.parametrize("claims", [{"subject": "cust_ada"}, {"subject": "staff_ada", "email": "ADA@example.com"}])
async def test_nobody_answers_in_a_conversation_of_their_own(api, claims: dict[str, str]) -> None:
    conversation_id = await with_a_person(api)
    body = {"conversation_id": conversation_id}
    said = body | {"text": "I have refunded you.", "client_message_id": "m-1"}
    for path, told in ((TAKEOVER, body), (MESSAGES, said), (HANDBACK, body)):
        answer = await api.http.post(path, json=told, headers=api.staff(**claims))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
    seen = await view(api, conversation_id)
    assert (seen["answering"], "staff" in [one["role"] for one in seen["messages"]]) == ("staff", False)


async def test_staff_whom_another_issuer_signs_in_look_after_the_customers_of_their_shop(api) -> None:
    conversation_id = await with_a_person(api)
    headers = api.staff(issuer=api.staff_door)
    answers = await _every_call(api, conversation_id, headers)
    assert [one.status_code for one in answers] == [200] * 5
    assert conversation_id in [one["conversation_id"] for one in answers[0].json()["handoffs"]]
    as_customer = api.bearer("cust_ada", issuer=api.staff_door)
    answer = await api.http.post("/api/agent/conversations", json={}, headers=as_customer)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_staff_whom_another_issuer_signs_in_do_not_chat_under_what_may_be_a_customers_subject(api) -> None:
    conversation_id = await api.begin()
    headers = _bearer(api.staff_door, Role.STAFF, ("chat:send",))
    for answer in (
        await api.http.post("/api/agent/conversations", json={}, headers=headers),
        await api.http.post("/chat", json={"session_id": "session-door", "message": "Hello"}, headers=headers),
        await api.http.get(f"/api/agent/conversations/{conversation_id}", headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_staff_of_another_shop_find_none_of_its_conversations(api) -> None:
    conversation_id = await with_a_person(api)
    headers, before = api.staff(issuer=api.other_shop), await audited(api, "staff_read")
    assert (await api.http.get(QUEUE, headers=headers)).json() == {"handoffs": []}
    for answer in (await _every_call(api, conversation_id, headers))[1:]:
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    seen = await view(api, conversation_id)
    assert (seen["answering"], "staff" in [one["role"] for one in seen["messages"]]) == ("staff", False)
    assert await audited(api, "staff_read") == before


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUEST, Role.SERVICE])
async def test_nobody_but_staff_opens_it_whatever_scopes_they_have(api, role: Role) -> None:
    conversation_id = await with_a_person(api)
    headers = _bearer(api.issuer, role, ("chat:send", "conversations:answer"))
    answers = await _every_call(api, conversation_id, headers)
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, "forbidden")}
    assert (await view(api, conversation_id))["answering"] == "staff"


async def test_staff_without_the_scope_are_refused(api) -> None:
    conversation_id = await with_a_person(api)
    headers = _bearer(api.issuer, Role.STAFF, ("approvals:decide", "console:read"))
    answers = await _every_call(api, conversation_id, headers)
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(403, "insufficient_scope")}
    assert (await view(api, conversation_id))["answering"] == "staff"


def _ada() -> Caller:
    return Caller("cust_ada", Role.CUSTOMER, "orchestrator", frozenset(), 0)


def _bearer(issuer: TestIssuer, role: Role, scopes: tuple[str, ...]) -> dict[str, str]:
    return issuer.bearer("orchestrator", scopes, subject="cust_ada", role=role, conversation_id=None, turn_id=None)


async def _every_call(api, conversation_id: str, headers: dict[str, str]) -> list[httpx.Response]:
    """The queue, and then all that staff do with one conversation."""
    said = {"conversation_id": conversation_id, "text": "x", "client_message_id": "m"}
    return [
        await api.http.get(QUEUE, headers=headers),
        await api.http.get(f"/api/agent/staff/conversations/{conversation_id}", headers=headers),
        await api.http.post(MESSAGES, json=said, headers=headers),
        await api.http.post(TAKEOVER, json={"conversation_id": conversation_id}, headers=headers),
        await api.http.post(HANDBACK, json={"conversation_id": conversation_id}, headers=headers),
    ]
