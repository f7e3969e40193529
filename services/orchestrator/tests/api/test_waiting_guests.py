"""Guests who come when too many wait: they may leave an address, and the answer is mailed there, once."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.errors import ProblemCode
from orchestrator.jobs.waiting import Waiting
from orchestrator.privacy.erasing import erase_conversations
from servicekit.auth.claims import Role

from .full_queue import Seen, empty, events_of, full, mailing

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
FIXTURES = (empty, full, mailing)


async def _turns(api) -> int:
    return int(await api.db.fetchval("SELECT count(*) FROM turns"))


@dataclass
class Guest:
    """A guest with a conversation of their own, who may leave an address."""

    api: Any
    headers: dict[str, str]
    conversation_id: str

    async def writes(self, key: str, *, path: str = "/api/agent/messages", **told: Any) -> httpx.Response:
        body = {"text": "How long is the warranty?", "conversation_id": self.conversation_id, "client_turn_id": key}
        if path == "/chat":
            body = {"session_id": "web-guest-0001", "message": "How long is the warranty?"}
        return await self.api.http.post(path, json=body | told, headers=self.headers)


@pytest_asyncio.fixture(loop_scope="module")
async def guests(api, empty) -> Callable[[], Awaitable[Guest]]:
    async def enter() -> Guest:
        subject = f"guest_{secrets.token_hex(16)}"
        headers = api.issuer.bearer(
            "orchestrator", ("chat:send",), subject=subject, role=Role.GUEST, conversation_id=None, turn_id=None
        )
        begun = await api.http.post("/api/agent/conversations", json={}, headers=headers)
        return Guest(api, headers, begun.json()["conversation_id"])

    return enter


def _address() -> str:
    return f"gus.{secrets.token_hex(4)}@example.org"


@pytest.mark.parametrize("path", ["/api/agent/messages", "/chat"])
async def test_a_guest_who_is_turned_away_hears_that_an_address_helps(api, guests, mailing: Seen, path: str) -> None:
    before = await _turns(api)
    answer = await (await guests()).writes("offer-1", path=path)
    assert (answer.status_code, answer.json()["code"], answer.json()["can_mail"]) == (503, "overloaded", True)
    assert "e-mail address" in answer.json()["detail"]
    assert await _turns(api) == before


async def test_nobody_else_is_offered_that_nor_anybody_while_too_many_are_owed(api, guests, mailing: Seen) -> None:
    mailing.waiting = replace(mailing.waiting, later=2)
    for answer in (await (await guests()).writes("offer-2"), await api.say(await api.begin(), "Where is it?", "o-2")):
        assert answer.status_code == 503
        assert "can_mail" not in answer.json()


async def test_the_answer_is_promised_to_the_address_that_a_guest_leaves(api, guests, mailing: Seen) -> None:
    guest, address = await guests(), _address()
    said = await guest.writes("left-1", mail_to=address)
    assert said.status_code == 202, said.text
    params = {"conversation_id": guest.conversation_id, "turn_id": said.json()["turn_id"]}
    stream = await asyncio.wait_for(api.http.get("/api/agent/stream", params=params, headers=guest.headers), 2)
    end = events_of(stream.text)[-1][1]
    assert (end["outcome"], end["mailed_to"]) == ("later", "g\u2022\u2022\u2022@example.org")
    row = await api.db.fetchrow("SELECT by_mail, mail_to FROM turns WHERE id = $1", params["turn_id"])
    assert row["by_mail"] == "promised"
    assert address.encode() not in row["mail_to"], "it is sealed"
    everything = await api.db.fetch("SELECT * FROM turns t JOIN conversations c ON c.id = t.conversation_id")
    assert all(address not in str(value) for one in everything for value in one.values())


async def test_an_address_is_kept_for_nothing_but_a_promise(api, guests, mailing: Seen) -> None:
    mailing.waiting, crowd = Waiting(), mailing.waiting
    guest, address = await guests(), _address()
    said = await guest.writes("left-2", mail_to=address)
    row = await api.db.fetchrow("SELECT by_mail, mail_to FROM turns WHERE id = $1", said.json()["turn_id"])
    assert tuple(row) == (None, None)
    mailing.waiting = crowd
    other = await (await guests()).writes("left-3", mail_to=address)
    assert other.status_code == 202, "and nothing of its share is used up"


@pytest.mark.parametrize("spelling", ["capitals", "+again"])
async def test_nobody_mails_a_stranger_twice_an_hour_however_many_guests_they_are(
    api, guests, mailing: Seen, spelling: str
) -> None:
    address = _address()
    other = address.replace("@", "+again@") if spelling == "+again" else address.upper()
    assert (await (await guests()).writes("bomb-1", mail_to=address)).status_code == 202
    before = await _turns(api)
    refused = await (await guests()).writes("bomb-2", mail_to=other)
    assert (refused.status_code, refused.json()["code"]) == (429, ProblemCode.RATE_LIMITED)
    assert await _turns(api) == before, "nothing of it is kept"


async def test_sent_again_it_is_the_same_promise_and_no_second_mail(api, guests, mailing: Seen) -> None:
    guest, address = await guests(), _address()
    first, again = [await guest.writes("left-4", mail_to=address) for _ in range(2)]
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["turn_id"] == again.json()["turn_id"]


async def test_one_call_takes_an_address_too_and_answers_as_json(api, guests, mailing: Seen) -> None:
    answer = await (await guests()).writes("one", path="/chat", mail_to=_address())
    told = answer.json()
    assert (answer.status_code, told["outcome"], told["mailed_to"]) == (200, "later", "g\u2022\u2022\u2022@example.org")


@pytest.mark.parametrize("address", ["", "gus", "a@b", "a@example.org, b@example.org", "a@example.org\nBcc: b@x.org"])
async def test_what_is_no_address_is_refused_with_its_field(api, guests, mailing: Seen, address: str) -> None:
    answer = await (await guests()).writes("bad", mail_to=address)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/mail_to")


async def test_a_customers_answer_goes_to_no_address_that_somebody_types(api, mailing: Seen) -> None:
    body = {
        "conversation_id": await api.begin(),
        "text": "Where is ABC123?",
        "client_turn_id": "t",
        "mail_to": _address(),
    }
    answer = await api.post("/api/agent/messages", body)
    assert (answer.status_code, answer.json()["code"]) == (403, ProblemCode.FORBIDDEN)
    assert "Only guests" in answer.json()["detail"]


async def test_an_erased_guest_leaves_no_address(api, guests, mailing: Seen) -> None:
    guest = await guests()
    turn_id = (await guest.writes("left-5", mail_to=_address())).json()["turn_id"]
    async with api.app.state.desk.database.transaction() as db:
        await erase_conversations(db, [guest.conversation_id])
    assert await api.db.fetchval("SELECT mail_to FROM turns WHERE id = $1", turn_id) is None
