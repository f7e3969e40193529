"""The queue as customers meet it: their place in it is told, and a message that would wait too long is not taken."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from contracts.errors import ProblemCode
from contracts.turn import Outcome
from orchestrator.jobs.waiting import QueueWatch, Waiting
from orchestrator.turn.effects import Finish

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


class Seen:
    """A queue of this length and pace, whatever the real one is."""

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting

    async def now(self) -> Waiting:
        return self.waiting


class Asked:
    """The real queue, and that somebody has asked for it."""

    def __init__(self, watch: QueueWatch) -> None:
        self.watch, self.once = watch, asyncio.Event()

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


@pytest.fixture
def full(api) -> Iterator[Seen]:
    """So many wait that a new message would wait for half a minute, which is longer than anybody has to."""
    desk, seen = api.app.state.desk, Seen(Waiting({f"trn_{n}": n for n in range(60)}, oldest_s=3.0, per_s=2.0))
    line = replace(desk.line, watch=seen, patience_s=20.0)
    api.app.state.desk = replace(desk, line=line, intake=replace(desk.intake, line=line))
    yield seen
    api.app.state.desk = desk


@pytest_asyncio.fixture(loop_scope="module")
async def empty(api) -> AsyncIterator[None]:
    """Nothing waits but what the test itself sends."""
    await api.db.execute("DELETE FROM pgqueuer")
    yield
    await api.db.execute("DELETE FROM pgqueuer")


async def _turns(api) -> int:
    return int(await api.db.fetchval("SELECT count(*) FROM turns"))


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


async def test_chat_in_one_call_is_not_taken_either(api, full: Seen) -> None:
    before = await _turns(api)
    answer = await api.post("/chat", {"session_id": "web-shed-0001", "message": "Where is my order ABC123?"})
    assert (answer.status_code, answer.json()["code"]) == (503, ProblemCode.OVERLOADED)
    assert await _turns(api) == before


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
