"""The queue as customers meet it: their place in it is told, and a message that would wait too long is not taken."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from contracts.errors import ProblemCode
from contracts.turn import Outcome
from orchestrator.jobs.strain import Strain
from orchestrator.jobs.waiting import QueueWatch, Waiting
from orchestrator.journal.mailing import Mailed, mailed
from orchestrator.turn.effects import Finish
from servicekit.auth.claims import Role

from .full_queue import Seen, empty, events_of, full, mailing

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
FIXTURES = (empty, full, mailing)


class Asked:
    """The real queue, and that somebody has asked for it."""

    def __init__(self, watch: QueueWatch) -> None:
        self.watch, self.once = watch, asyncio.Event()

    @property
    def crowded(self) -> bool:
        return self.watch.crowded

    def join(self) -> None:
        self.watch.join()

    async def now(self) -> Waiting:
        seen = await self.watch.now()
        self.once.set()
        return seen


@pytest.fixture
def asked(api) -> Iterator[Asked]:
    """Only streams ask: what is sent does not."""
    desk = api.app.state.desk
    seen = Asked(QueueWatch(desk.database, time.monotonic, fresh_s=0))
    api.app.state.desk = replace(desk, line=replace(desk.line, watch=seen))
    yield seen
    api.app.state.desk = desk


async def _turns(api) -> int:
    return int(await api.db.fetchval("SELECT count(*) FROM turns"))


async def _conversations(api) -> int:
    return int(await api.db.fetchval("SELECT count(*) FROM conversations"))


async def _said(api, text: str, key: str) -> dict[str, Any]:
    conversation_id = await api.begin()
    answer = await api.say(conversation_id, text, key)
    assert answer.status_code == 202, answer.text
    return {"conversation_id": conversation_id, **answer.json()}


async def test_a_stream_tells_how_many_are_before_it_in_the_language_of_its_reader(api, empty, asked: Asked) -> None:
    turns = [await _said(api, f"Where is my order ABC12{n}?", f"wait-{n}") for n in range(3)]
    params = {name: turns[-1][name] for name in ("conversation_id", "turn_id")}
    headers = api.bearer() | {"accept-language": "de-AT,de;q=0.9"}
    stream = asyncio.create_task(api.http.get("/api/agent/stream", params=params, headers=headers))
    await asyncio.wait_for(asked.once.wait(), 30)
    await api.end(params["turn_id"], Finish(Outcome.ANSWERED, "Here it is."))
    told = (await stream).text
    first = told.split("\n\n")[0]
    assert "event: status" in first
    assert '"state":"waiting"' in first
    assert "Nachrichten vor Ihrer: 2." in first
    assert not first.startswith("id:"), "it is no event of the turn"
    assert "Here it is." in told


async def test_who_comes_when_too_many_wait_hears_when_to_come_again_and_nothing_is_kept(api, full: Seen) -> None:
    conversation_id, before = await api.begin(), await _turns(api)
    answer = await api.say(conversation_id, "Where is my order ABC123?", "shed-1")
    assert answer.status_code == 503
    assert answer.json()["code"] == ProblemCode.OVERLOADED
    assert answer.json()["retryable"] is True
    assert int(answer.headers["retry-after"]) == 11
    assert await _turns(api) == before
    full.waiting = Waiting()
    assert (await api.say(conversation_id, "Where is my order ABC123?", "shed-1")).status_code == 202


async def test_chat_in_one_call_is_not_taken_either_and_not_even_a_conversation_is_begun(api, full: Seen) -> None:
    before = await _turns(api), await _conversations(api)
    answer = await api.post("/chat", {"session_id": "web-shed-0001", "message": "Where is my order ABC123?"})
    assert (answer.status_code, answer.json()["code"]) == (503, ProblemCode.OVERLOADED)
    assert (await _turns(api), await _conversations(api)) == before


async def test_chat_in_one_call_knows_a_message_again_by_its_session(api, full: Seen) -> None:
    full.waiting, crowd = Waiting(), full.waiting
    session = {"session_id": "web-known-0001"}
    begun = await api.post("/api/agent/conversations", session)
    conversation_id = begun.json()["conversation_id"]
    first = await api.say(conversation_id, "Where is my order ABC123?", "known-1")
    await api.end(first.json()["turn_id"], Finish(Outcome.ANSWERED, "Here it is."))
    full.waiting = crowd
    headers = api.bearer() | {"idempotency-key": "known-1"}
    body = session | {"message": "Where is my order ABC123?"}
    again = await asyncio.wait_for(api.http.post("/chat", json=body, headers=headers), 5)
    assert (again.status_code, again.json()["outcome"]) == (200, "answered")
    other = await api.http.post("/chat", json=body, headers=headers | {"idempotency-key": "known-2"})
    assert other.status_code == 503


class Felt(Strain):
    """A process that has more to do than it can."""

    def is_felt(self) -> bool:
        return True


async def test_under_strain_nothing_is_promised_and_who_can_be_served_is_served(api, empty, mailing: Seen) -> None:
    desk = api.app.state.desk
    line = replace(desk.line, strain=Felt())
    api.app.state.desk = replace(desk, line=line, intake=replace(desk.intake, line=line))
    before = await _turns(api)
    conversation_id = await api.begin()
    answer = await api.say(conversation_id, "Where is my order ABC123?", "strain-1")
    assert (answer.status_code, answer.json()["code"]) == (503, ProblemCode.OVERLOADED)
    assert await _turns(api) == before
    mailing.waiting = Waiting()
    assert (await api.say(conversation_id, "Where is my order ABC123?", "strain-1")).status_code == 202


class Poor:
    """A process whose turns would pay for a promise."""

    def place(self) -> nullcontext[None]:
        return nullcontext(None)

    def promise(self) -> bool:
        return False


async def test_nothing_is_promised_that_turns_under_way_would_pay_for(api, empty, mailing: Seen) -> None:
    desk = api.app.state.desk
    intake = replace(desk.intake, here=Poor())
    conversation_id = await api.begin()
    before = await _turns(api)
    api.app.state.desk = replace(desk, intake=intake)
    answer = await api.say(conversation_id, "Where is my order ABC123?", "poor-1")
    assert (answer.status_code, answer.json()["code"]) == (503, ProblemCode.OVERLOADED)
    assert await _turns(api) == before
    mailing.waiting = Waiting()
    assert (await api.say(conversation_id, "Where is my order ABC123?", "poor-1")).status_code == 202
    assert mailing.waiting.joined == 1


async def test_who_has_an_address_is_promised_the_answer_by_mail_and_need_not_wait(api, empty, mailing: Seen) -> None:
    said = await _said(api, "Where is my order ABC123?", "mail-1")
    params = {name: said[name] for name in ("conversation_id", "turn_id")}
    headers = api.bearer() | {"accept-language": "de"}
    stream = await asyncio.wait_for(api.http.get("/api/agent/stream", params=params, headers=headers), 2)
    event, end = events_of(stream.text)[-1]
    assert (event, end["outcome"], end["mailed_to"]) == ("end", "later", "a•••@example.com")
    assert "per E-Mail an a•••@example.com" in end["text"]
    turn = await api.db.fetchrow("SELECT by_mail, status, inputs FROM turns WHERE id = $1", said["turn_id"])
    assert tuple(turn) == ("promised", "running", 1)
    jobs = await api.db.fetch("SELECT entrypoint FROM pgqueuer WHERE payload = $1", said["turn_id"].encode())
    assert [job["entrypoint"] for job in jobs] == ["run_later"]


async def test_once_it_is_answered_the_stream_has_the_answer(api, empty, mailing: Seen) -> None:
    said = await _said(api, "Where is my order ABC123?", "mail-2")
    await api.end(said["turn_id"], Finish(Outcome.ANSWERED, "Here it is."))
    answer = await api.get("/api/agent/stream", conversation_id=said["conversation_id"], turn_id=said["turn_id"])
    assert events_of(answer.text)[-1][1]["outcome"] == "answered"


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_chat_in_one_call_says_so_too(api, empty, mailing: Seen, accept: str) -> None:
    body = {"session_id": f"web-mail-{accept[-4:]}", "message": "Where is my order ABC123?"}
    answer = await asyncio.wait_for(api.http.post("/chat", json=body, headers=api.bearer() | {"accept": accept}), 2)
    assert answer.status_code == 200
    told = answer.json() if accept == "application/json" else events_of(answer.text)[-1][1]
    assert (told["outcome"], told["mailed_to"]) == ("later", "a•••@example.com")
    assert "e-mail you the answer" in told["text"]


@pytest.mark.parametrize("who", ["guest", "no address", "the shop cannot", "too many are owed"])
async def test_where_no_mail_can_be_promised_the_message_is_not_taken(api, mailing: Seen, who: str) -> None:
    role = Role.GUEST if who == "guest" else Role.CUSTOMER
    headers = api.bearer(role=role)
    if who == "no address":
        headers = api.issuer.bearer("orchestrator", ("chat:send",), subject="cust_nomail", role=role)
    if who == "the shop cannot":
        desk = api.app.state.desk
        line = replace(desk.line, mails=lambda: False)
        api.app.state.desk = replace(desk, line=line, intake=replace(desk.intake, line=line))
    if who == "too many are owed":
        mailing.waiting = replace(mailing.waiting, later=2)
    begun = await api.http.post("/api/agent/conversations", json={}, headers=headers)
    before = await _turns(api)
    body = {"conversation_id": begun.json()["conversation_id"], "text": "Where is ABC123?", "client_turn_id": "none"}
    answer = await api.http.post("/api/agent/messages", json=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, ProblemCode.OVERLOADED)
    assert await _turns(api) == before


async def test_who_reads_the_conversation_hears_of_the_promise_and_later_that_it_was_mailed(
    api, empty, mailing: Seen
) -> None:
    said = await _said(api, "Where is my order ABC123?", "mail-4")
    path = f"/api/agent/conversations/{said['conversation_id']}"
    before = (await api.http.get(path, headers=api.bearer() | {"accept-language": "de"})).json()
    assert before["open_turn"] == said["turn_id"]
    assert "per E-Mail an a\u2022\u2022\u2022@example.com" in before["later"]
    await api.end(said["turn_id"], Finish(Outcome.ANSWERED, "Here it is."))
    async with api.app.state.desk.database.primary() as db:
        await mailed(db, said["turn_id"], Mailed.SENT)
    after = (await api.get(path)).json()
    assert (after["later"], after["messages"][-1]["mailed"]) == ("", True)
    async with api.app.state.desk.database.primary() as db:
        await mailed(db, said["turn_id"], Mailed.REFUSED)
    assert (await api.get(path)).json()["messages"][-1]["mailed"] is False


async def test_the_same_message_again_is_the_same_promise(api, empty, mailing: Seen) -> None:
    conversation_id = await api.begin()
    first, again = [await api.say(conversation_id, "Where is my order ABC123?", "mail-3") for _ in range(2)]
    assert first.json()["turn_id"] == again.json()["turn_id"]
    assert await api.db.fetchval("SELECT count(*) FROM pgqueuer") == 1


async def test_a_person_can_always_be_asked_for(api, full: Seen) -> None:
    conversation_id = await api.begin()
    assert (await api.say(conversation_id, "I want to talk to a human", "human-1")).status_code == 202


async def test_an_answer_to_a_card_is_always_taken(api, full: Seen) -> None:
    conversation_id = await api.begin()
    assert (await api.say(conversation_id, "yes please", "yes-1")).status_code == 202


async def test_a_message_that_waits_already_is_the_same_message_when_it_is_sent_again(api, full: Seen) -> None:
    full.waiting, crowd = Waiting(), full.waiting
    conversation_id = await api.begin()
    first = await api.say(conversation_id, "Where is my order ABC123?", "again-1")
    full.waiting = crowd
    again = await api.say(conversation_id, "Where is my order ABC123?", "again-1")
    assert (again.status_code, again.json()["turn_id"]) == (202, first.json()["turn_id"])


async def test_the_service_has_the_patience_that_it_is_told(api, api_settings) -> None:
    desk = api.app.state.desk
    assert desk.line.patience_s == api_settings.queue_patience_s
    assert desk.intake.line is desk.line
