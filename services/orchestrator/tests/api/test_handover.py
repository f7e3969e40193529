"""A customer who waits for a person, at the API: what they are told, and where a guest wants to be answered."""

import itertools
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from contracts.errors import ProblemCode
from orchestrator.handover.policy import load_hours
from orchestrator.handover.store import answer_address
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.numbers import NUMBERS
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import HandedOff
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from servicekit.auth.claims import Role
from servicekit.telemetry import Metrics
from servicekit.telemetry.numbers import Numbers

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
_numbers = itertools.count(1)


class Night:
    """A Monday in New York, at 04:00."""

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def by_night(api: Any) -> AsyncIterator[None]:
    """The shop is closed, and its tickets service can mail."""
    desk = api.app.state.desk
    line = replace(desk.line, mails=lambda: True, mails_guests=lambda: True)
    night = replace(desk, line=line, hours=load_hours(), intake=replace(desk.intake, clock=Night()))
    api.app.state.desk = night
    yield
    api.app.state.desk = desk


def a_guest(api: Any) -> dict[str, str]:
    bearer: dict[str, str] = api.bearer(f"guest_{secrets.token_hex(16)}", Role.GUEST)
    return bearer


async def begin(api: Any, headers: dict[str, str]) -> str:
    return str((await api.http.post("/api/agent/conversations", json={}, headers=headers)).json()["conversation_id"])


async def ask(api: Any, headers: dict[str, str], conversation_id: str, address: str | None = None) -> httpx.Response:
    """Ask for a person."""
    body = {"conversation_id": conversation_id, "client_turn_id": f"h{next(_numbers)}"}
    more = {} if address is None else {"mail_to": address}
    answer: httpx.Response = await api.http.post("/api/agent/handoff", json=body | more, headers=headers)
    return answer


async def handed_over(api: Any, headers: dict[str, str], address: str | None = None) -> str:
    """A conversation in which a person was asked for, and the turn has ended by it."""
    conversation_id = await begin(api, headers)
    turn_id = (await ask(api, headers, conversation_id, address)).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    vault = desk.intake.vaults.of(conversation)
    journal = PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)
    known = await journal.load()
    recorded = Recorded(HandedOff(ticket_number="HP-1", text="A person comes."), 2_000)
    step = fold((one.turn_input, one.at_ms) for one in [*known, recorded])
    closing = next(one for one in step.effects if isinstance(one, Finish))
    await journal.append(len(known), [recorded], step.state, closing)
    return conversation_id


async def view(api: Any, headers: dict[str, str], conversation_id: str, language: str = "en") -> dict[str, Any]:
    told = headers | {"accept-language": language}
    answer = await api.http.get(f"/api/agent/conversations/{conversation_id}", headers=told)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def left(api: Any, conversation_id: str) -> str | None:
    """The address that is kept."""
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        row = await db.fetchrow("SELECT * FROM conversations WHERE id = $1", conversation_id)
        return await answer_address(db, desk.conversations.opened(row))


async def staff_say(api: Any, conversation_id: str, text: str = "Here I am.") -> None:
    body = {"conversation_id": conversation_id, "text": text, "client_message_id": f"m{next(_numbers)}"}
    assert (await api.http.post("/api/agent/staff/messages", json=body, headers=api.staff())).status_code == 200


async def owed(api: Any, conversation_id: str) -> int:
    count: int = await api.db.fetchval(
        "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'mail_staff' AND convert_from(payload, 'UTF8') LIKE $1",
        f"%{conversation_id}%",
    )
    return count


async def test_a_guest_is_told_when_people_are_back_and_leaves_an_address_for_what_they_say(api: Any) -> None:
    guest = a_guest(api)
    conversation_id = await handed_over(api, guest)
    waits = (await view(api, guest, conversation_id))["hand_over"]
    assert waits["mailing"] == "wanted"
    assert "back today at 08:00 (EST)" in waits["text"]
    turns = await api.db.fetchval("SELECT count(*) FROM turns WHERE conversation_id = $1", conversation_id)
    answer = await ask(api, guest, conversation_id, "gus@example.org")
    assert answer.status_code == 202
    assert await left(api, conversation_id) == "gus@example.org"
    after = await api.db.fetchval("SELECT count(*) FROM turns WHERE conversation_id = $1", conversation_id)
    assert after == turns, "to leave an address is no message"
    told = (await view(api, guest, conversation_id, "de"))["hand_over"]
    assert told["mailing"] == "left"
    assert "g•••@example.org" in told["text"]
    assert "Heute um 08:00 Uhr" in told["text"]
    await staff_say(api, conversation_id)
    assert await owed(api, conversation_id) == 1
    shown = await view(api, guest, conversation_id)
    assert [one["text"] for one in shown["messages"] if one["role"] == "staff"] == ["Here I am."], "at once"
    assert shown["hand_over"] == {"text": "", "mailing": "left"}


async def test_the_address_is_kept_sealed_and_names_nobody(api: Any) -> None:
    guest = a_guest(api)
    conversation_id = await handed_over(api, guest)
    await ask(api, guest, conversation_id, "gus.sealed@example.org")
    assert b"gus" not in await api.db.fetchval("SELECT answer_to FROM conversations WHERE id = $1", conversation_id)


async def test_one_mailbox_is_promised_once_an_hour_and_the_same_wish_again_is_none(api: Any) -> None:
    guest, other = a_guest(api), a_guest(api)
    conversation_id, elsewhere = await handed_over(api, guest), await handed_over(api, other)
    for _ in range(3):
        assert (await ask(api, guest, conversation_id, "gus.busy@example.org")).status_code == 202
    refused = await ask(api, other, elsewhere, "Gus.Busy+x@example.org")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert await left(api, elsewhere) is None


async def test_an_address_may_be_left_with_the_wish_itself(api: Any) -> None:
    guest = a_guest(api)
    conversation_id = await handed_over(api, guest, "gus.first@example.org")
    assert (await view(api, guest, conversation_id))["hand_over"]["mailing"] == "left"


async def test_who_is_signed_in_leaves_none_and_is_asked_for_none(api: Any) -> None:
    customer = api.bearer("cust_nora")
    conversation_id = await handed_over(api, customer)
    refused = await ask(api, customer, conversation_id, "nora@elsewhere.example")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await view(api, customer, conversation_id))["hand_over"]["mailing"] == "no"
    assert await left(api, conversation_id) is None
    await api.db.execute("UPDATE hand_overs SET told_at = now() WHERE conversation_id = $1", conversation_id)
    told = (await view(api, customer, conversation_id))["hand_over"]
    assert told["mailing"] == "known"
    assert "n•••@example.com" in told["text"]
    await staff_say(api, conversation_id)
    assert await owed(api, conversation_id) == 1


async def test_nobody_leaves_an_address_in_somebody_elses_conversation(api: Any) -> None:
    conversation_id = await handed_over(api, a_guest(api))
    assert (await ask(api, a_guest(api), conversation_id, "eve@example.org")).status_code == 404
    assert await left(api, conversation_id) is None


@pytest.mark.parametrize(
    "address", ["", "gus", "gus@", "a@b.example, c@d.example", "gus@example.org\r\nBcc: x@y.example"]
)
async def test_what_is_no_address_is_refused(api: Any, address: str) -> None:
    guest = a_guest(api)
    refused = await ask(api, guest, await begin(api, guest), address)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/mail_to")


async def test_without_a_mail_server_nobody_is_asked_for_an_address(api: Any) -> None:
    guest = a_guest(api)
    conversation_id = await handed_over(api, guest)
    desk = api.app.state.desk
    api.app.state.desk = replace(desk, line=replace(desk.line, mails_guests=lambda: False))
    try:
        assert (await view(api, guest, conversation_id))["hand_over"]["mailing"] == "no"
        refused = await ask(api, guest, conversation_id, "gus@example.org")
        assert refused.json()["code"] == ProblemCode.FORBIDDEN.value
    finally:
        api.app.state.desk = desk


async def test_the_assistant_has_nobody_waiting(api: Any) -> None:
    guest = a_guest(api)
    conversation_id = await begin(api, guest)
    assert (await view(api, guest, conversation_id))["hand_over"] is None
    handed = await handed_over(api, guest)
    body = {"conversation_id": handed, "note": "done"}
    await ask(api, guest, handed, "gus.last@example.org")
    assert (await api.http.post("/api/agent/staff/handback", json=body, headers=api.staff())).status_code == 200
    assert (await view(api, guest, handed))["hand_over"] is None
    assert await left(api, handed) is None


async def test_the_time_to_a_person_is_measured_once_and_not_of_who_stepped_in(api: Any) -> None:
    guest = a_guest(api)
    conversation_id, other = await handed_over(api, guest), await begin(api, guest)
    await api.db.execute(
        "UPDATE hand_overs SET asked_at = now() - interval '12 minutes' WHERE conversation_id = $1", conversation_id
    )
    for _ in range(2):
        await staff_say(api, conversation_id)
    takeover = {"conversation_id": other}
    assert (await api.http.post("/api/agent/staff/takeover", json=takeover, headers=api.staff())).status_code == 200
    await staff_say(api, other)
    rows = await api.db.fetch(
        "SELECT reason, extract(epoch FROM human_at - asked_at) AS took FROM hand_overs"
        " WHERE conversation_id = ANY ($1) ORDER BY id", [conversation_id, other],
    )  # fmt: skip
    assert [row["reason"] for row in rows] == ["customer_asked", "staff"]
    assert 720 <= rows[0]["took"] < 780
    metrics = Metrics()
    await Numbers(api.app.state.kit.db, metrics, NUMBERS).read()
    most = metrics.registry.get_sample_value("aiguy_day_time_to_human_seconds", {"share": "0.95"})
    assert most is not None
    assert 0 < most < 780
    waiting = await api.db.fetchval(
        "SELECT count(*) FROM hand_overs WHERE ended_at IS NULL AND human_at IS NULL AND reason <> 'staff'"
    )
    assert metrics.registry.get_sample_value("aiguy_people_waiting") == waiting
