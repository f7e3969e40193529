"""Mails that come in: who is let in, which conversation they belong to, what is answered, and how often."""

import asyncio
import base64
import json
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from orchestrator.app import build
from orchestrator.channels.email.replies import reply_tag
from orchestrator.channels.email.routes import MAX_BODY_BYTES
from orchestrator.channels.email.store import SENT, keep
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.settings import Settings
from orchestrator.switches.state import Position, Target
from servicekit.auth.claims import Role

from .mail_shop import PATH, SECRET, SHOP, Shop, authentic, mail, mail_shop, someone

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api_settings: Settings) -> AsyncIterator[Shop]:
    async with mail_shop(api_settings) as found:
        yield found


async def test_a_mail_is_a_turn_of_a_guest_whose_answer_is_owed_by_mail(shop: Shop) -> None:
    sender = someone()
    assert await shop.outcome(mail(sender)) == "taken"
    (turn,) = await shop.turns(sender)
    assert (turn["channel"], turn["customer"], turn["by_mail"]) == ("email", False, "promised")
    started, address = await shop.said(turn["id"])
    assert (started.text, started.customer, started.channel) == (
        "Warranty\n\nHow long is the warranty?",
        False,
        "email",
    )
    assert address == sender
    assert "assistant" in started.disclosure.lower()
    jobs = await shop.db.fetch("SELECT entrypoint FROM pgqueuer WHERE payload = $1", turn["id"].encode())
    assert [one["entrypoint"] for one in jobs] == ["run_later"]


@pytest.mark.parametrize("wanted", [Position.SHADOW, Position.OFF])
async def test_a_mail_begins_its_turn_as_its_channel_is_switched(shop: Shop, wanted: Position) -> None:
    sender, board = someone(), shop.app.state.switches.board
    known, target = board.known, Target(channel="email")
    board.known = replace(known, version=2**62, positions={target: wanted})
    try:
        assert await shop.outcome(mail(sender)) == "taken"
    finally:
        board.known = known
    started, _ = await shop.said((await shop.turns(sender))[0]["id"])
    assert started.mode == wanted.value


async def test_it_is_greeted_in_its_own_language(shop: Shop) -> None:
    sender = someone()
    body = "Guten Tag, ich warte seit zwei Wochen auf meine Lieferung. Wann kommt sie denn endlich an?"
    await shop.outcome(mail(sender, "Content-Type: text/plain; charset=utf-8", body=body, subject="Lieferung"))
    started, _ = await shop.said((await shop.turns(sender))[0]["id"])
    assert "Assistent" in started.disclosure


async def test_it_may_be_json_around_base64(shop: Shop) -> None:
    sender = someone()
    body = json.dumps({"raw": base64.b64encode(mail(sender)).decode()}).encode()
    assert (await shop.hand_in(body, "application/json; charset=utf-8")).status_code == 202
    assert len(await shop.turns(sender)) == 1


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", "message/rfc822", "malformed_body"),
        (b"  \r\n", "message/rfc822", "malformed_body"),
        (b"{}", "application/json", "malformed_body"),
        (b'{"raw": 1}', "application/json", "malformed_body"),
        (b'{"raw": "%%%"}', "application/json", "malformed_body"),
        (b'{"raw": "QQ==", "more": 1}', "application/json", "malformed_body"),
        (b"[" * 20_000, "application/json", "malformed_body"),
        (b"\xff\xfe", "application/json", "malformed_body"),
        (b"From: a@example.org\r\n\r\nHi", "text/plain", "unsupported_media_type"),
        (b"From: a@example.org\r\n\r\nHi", "", "unsupported_media_type"),
    ],
)
async def test_what_is_no_mail_is_refused_in_words(shop: Shop, body: bytes, kind: str, code: str) -> None:
    answer = await shop.hand_in(body, kind)
    assert (answer.headers["content-type"], answer.json()["code"]) == ("application/problem+json", code)
    assert 400 <= answer.status_code < 500


async def test_a_mail_of_more_than_ten_megabytes_is_refused_and_one_of_ten_is_taken(shop: Shop) -> None:
    sender, filler = someone(), b"\r\n".join([b"x" * 70] * 1000) + b"\r\n"
    head = mail(sender, "Content-Type: multipart/mixed; boundary=b", body="--b\r\n\r\nHow long is it?\r\n--b\r\n")
    large = head + b"Content-Disposition: attachment; filename=a.bin\r\n\r\n" + filler * 144
    assert len(large) < 10 * 1024 * 1024 < len(large) + 2 * len(filler)
    assert await shop.outcome(large) == "taken"
    for body in (large + filler * 3, b"x" * (MAX_BODY_BYTES + 1)):
        assert (await shop.hand_in(body)).status_code == 413


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_signature": "v1,AAAA"}, {"webhook_signature": ""}, {"webhook_timestamp": str(int(time.time()) - 900)},
        {"webhook_timestamp": "soon"}, {"webhook_id": "another"},
    ],
)  # fmt: skip
async def test_nobody_else_hands_mails_in(shop: Shop, changed: dict[str, str]) -> None:
    sender, before = someone(), shop.counted("refused_signature")
    answer = await shop.hand_in(mail(sender), **changed)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert await shop.turns(sender) == []
    assert shop.counted("refused_signature") == before + 1


async def test_a_delivery_that_is_replayed_is_refused(shop: Shop) -> None:
    sender = someone()
    first = await shop.hand_in(mail(sender))
    headers = {name: first.request.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    again = await shop.http.post(
        PATH, content=first.request.content, headers=headers | {"content-type": "message/rfc822"}
    )
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert len(await shop.turns(sender)) == 1


async def test_the_same_mail_again_is_the_same_answer_and_no_second_turn(shop: Shop) -> None:
    sender = someone()
    body = mail(sender)
    answers = await asyncio.gather(*(shop.hand_in(body) for _ in range(8)))
    assert {(one.status_code, one.json()["outcome"]) for one in answers} == {(202, "taken")}
    assert len(await shop.turns(sender)) == 1


async def test_another_ones_message_id_takes_no_mail_from_its_sender(shop: Shop) -> None:
    sender, known = someone(), "Message-ID: <guessed@example.org>"
    assert await shop.outcome(mail(someone(), known)) == "taken"
    assert await shop.outcome(mail(sender, known)) == "taken"
    assert len(await shop.turns(sender)) == 1


async def test_a_mail_without_an_id_is_known_by_its_bytes(shop: Shop) -> None:
    sender = someone()
    body = f"From: {sender}\r\nTo: {SHOP}\r\nSubject: x\r\n\r\nHow long is it?".encode()
    assert [await shop.outcome(body), await shop.outcome(body)] == ["taken", "taken"]
    assert len(await shop.turns(sender)) == 1


async def test_a_reply_to_our_address_goes_on_in_its_conversation(shop: Shop) -> None:
    sender = someone()
    await shop.outcome(mail(sender))
    (first,) = await shop.turns(sender)
    reply = mail(sender, f"To: {await shop.tag(first['id'])}", body="And for batteries?", subject="Re: Warranty")
    assert await shop.outcome(reply) == "taken"
    turns = await shop.turns(sender)
    assert {one["conversation_id"] for one in turns} == {first["conversation_id"]}
    assert [one["status"] for one in turns] == ["running", "queued"], "one after the other, each answered by itself"
    started, _ = await shop.said(turns[1]["id"])
    assert started.text == "And for batteries?"


async def test_whoever_else_has_the_reply_address_begins_a_conversation_of_their_own(shop: Shop) -> None:
    sender, eve = someone(), "eve@evil.example"
    await shop.outcome(mail(sender))
    (first,) = await shop.turns(sender)
    await shop.outcome(mail(eve, f"To: {await shop.tag(first['id'])}", authentic("evil.example")))
    (hers,) = await shop.turns(eve)
    assert hers["conversation_id"] != first["conversation_id"]
    assert (await shop.said(hers["id"]))[1] == eve


async def test_a_mail_that_refers_to_an_earlier_one_goes_on_there_when_its_sender_is_authentic(shop: Shop) -> None:
    sender, earlier = someone(), f"{secrets.token_hex(6)}@example.org"
    await shop.outcome(mail(sender, f"Message-ID: <{earlier}>"))
    refers = (f"In-Reply-To: <{earlier}>", f"References: <unknown@x> <{earlier}>")
    await shop.outcome(mail(sender, *refers, authentic(), body="One more thing."))
    await shop.outcome(mail(sender, *refers, body="Anybody may write this."))
    await shop.outcome(mail(sender, "In-Reply-To: <nobody@knows>", authentic(), body="Of another thread."))
    first, second, spoofed, other = [one["conversation_id"] for one in await shop.turns(sender)]
    assert second == first
    assert len({first, spoofed, other}) == 3


async def test_a_reply_that_comes_before_its_mail_begins_a_conversation_and_loses_nothing(shop: Shop) -> None:
    sender, earlier = someone(), f"{secrets.token_hex(6)}@example.org"
    assert await shop.outcome(mail(sender, f"In-Reply-To: <{earlier}>", authentic(), body="And batteries?")) == "taken"
    assert await shop.outcome(mail(sender, f"Message-ID: <{earlier}>")) == "taken"
    assert len({one["conversation_id"] for one in await shop.turns(sender)}) == 2


async def test_no_mail_reaches_the_conversation_of_a_signed_in_customer(shop: Shop) -> None:
    bearer = shop.issuer.bearer(
        "orchestrator", ("chat:send",), subject="cust_ada", role=Role.CUSTOMER, conversation_id=None, turn_id=None,
        ttl_s=300, email="ada@example.org",
    )  # fmt: skip
    begun = (await shop.http.post("/api/agent/conversations", json={}, headers=bearer)).json()["conversation_id"]
    channel, desk = shop.app.state.mail_room.channel, shop.app.state.desk
    async with desk.database.primary() as db:
        row = await db.fetchrow("SELECT * FROM conversations WHERE id = $1", begun)
        conversation = desk.conversations.opened(row)
        # Even with a mail of ours noted there, and its true tag.
        await keep(db, channel.sent("msg_7", "ada@example.org"), SENT, conversation)
    assert channel.tag(conversation) == ""
    tagged = f"To: support+{reply_tag(begun, channel.key)}@shop.example"
    await shop.outcome(mail("ada@example.org", tagged, "In-Reply-To: <msg_7@shop.example>", authentic()))
    turns = await shop.turns("ada@example.org")
    assert begun not in {one["conversation_id"] for one in turns}
    assert not any(one["customer"] for one in turns), "passing DMARC signs nobody in"


async def test_a_yes_by_mail_answers_no_card(shop: Shop) -> None:
    sender = someone()
    await shop.outcome(mail(sender))
    (first,) = await shop.turns(sender)
    await shop.db.execute("UPDATE turns SET status = 'waiting' WHERE id = $1", first["id"])
    await shop.db.execute(
        "INSERT INTO cards (turn_id, digest, conversation_id, kind, content, expires_at)"
        " VALUES ($1, 'd', $2, 'confirmation', '', now() + interval '1 hour')",
        first["id"], first["conversation_id"],
    )  # fmt: skip
    await shop.outcome(mail(sender, f"To: {await shop.tag(first['id'])}", body="yes"))
    state = await shop.db.fetchval("SELECT state FROM cards WHERE turn_id = $1", first["id"])
    assert state == "open"
    turns = await shop.turns(sender)
    assert len(turns) == 2
    assert (await shop.said(turns[1]["id"]))[0].text == "yes"


@pytest.mark.parametrize(
    ("header", "outcome"),
    [
        ("Auto-Submitted: auto-replied", "auto_submitted"), ("Precedence: bulk", "bulk"), ("List-Id: <a.b>", "list"),
        ("Return-Path: <>", "bounce"), ("X-Auto-Response-Suppress: All", "auto_submitted"),
    ],
)  # fmt: skip
async def test_a_machine_gets_no_answer(shop: Shop, header: str, outcome: str) -> None:
    sender, before = someone(), shop.counted(outcome)
    body = mail(sender, header)
    assert [await shop.outcome(body), await shop.outcome(body)] == [outcome, outcome]
    assert await shop.turns(sender) == []
    assert shop.counted(outcome) == before + 1


async def test_our_own_address_gets_no_answer(shop: Shop) -> None:
    assert await shop.outcome(mail("Support+x@shop.example")) == "own"


async def test_a_thousand_automatic_answers_are_answered_once_at_most(shop: Shop) -> None:
    sender = someone()
    kinds = ("Auto-Submitted: auto-replied", "X-Unmarked: 1", "Precedence: auto_reply", "Return-Path: <>")
    outcomes = [await shop.outcome(mail(sender, kinds[n % 4], body="I am away until Monday.")) for n in range(1000)]
    assert outcomes.count("taken") == 1
    assert len(await shop.turns(sender)) == 1


async def test_one_sender_is_answered_so_often_in_an_hour_and_others_still_are(shop: Shop) -> None:
    sender = someone()
    outcomes = [await shop.outcome(mail(sender, body=f"Question {n}?")) for n in range(8)]
    assert outcomes == ["taken"] * 6 + ["sender_rate"] * 2
    assert await shop.outcome(mail(sender.replace("@", "+tag@"), body="As another?")) == "sender_rate"
    assert await shop.outcome(mail(someone())) == "taken"


async def test_staff_answer_a_mail_in_its_thread_and_their_words_are_owed_by_mail(shop: Shop) -> None:
    sender = someone()
    await shop.outcome(mail(sender, body="May I talk to a person, please?"))
    (turn,) = await shop.turns(sender)
    kim = shop.issuer.bearer(
        "orchestrator", ("conversations:answer",), subject="staff_kim", role=Role.STAFF, conversation_id=None,
        turn_id=None, ttl_s=300,
    )  # fmt: skip
    about = {"conversation_id": turn["conversation_id"]}
    assert (await shop.http.post("/api/agent/staff/takeover", json=about, headers=kim)).status_code == 200
    for _ in range(2):
        said = about | {"text": "I am Kim.", "client_message_id": "m-1"}
        assert (await shop.http.post("/api/agent/staff/messages", json=said, headers=kim)).status_code == 200
    jobs = await shop.db.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = 'mail_staff'")
    owed = [json.loads(one["payload"]) for one in jobs]
    assert [one["conversation_id"] for one in owed].count(turn["conversation_id"]) == 1
    assert b"Kim" not in b"".join(one["payload"] for one in jobs)


async def test_who_was_erased_is_not_found_again_by_their_mails(shop: Shop) -> None:
    sender = someone()
    await shop.outcome(mail(sender))
    (first,) = await shop.turns(sender)
    address = await shop.tag(first["id"])
    async with shop.app.state.desk.database.transaction() as db:
        await erase_conversations(db, [first["conversation_id"]])
    assert await shop.turns(sender) == []
    kept = await shop.db.fetchrow("SELECT * FROM mails WHERE turn_id = $1", first["id"])
    assert (kept["person"], kept["letter"], kept["said"]) == ("", None, "")
    assert await shop.outcome(mail(sender, f"To: {address}", body="Are you there?")) == "taken"
    (anew,) = await shop.turns(sender)
    assert anew["conversation_id"] != first["conversation_id"]


async def test_a_mail_that_could_not_be_stored_is_taken_when_it_comes_again(shop: Shop) -> None:
    sender = someone()
    body = mail(sender)
    await shop.db.execute("ALTER TABLE mails RENAME TO mails_away")
    try:
        assert (await shop.hand_in(body)).status_code >= 500
    finally:
        await shop.db.execute("ALTER TABLE mails_away RENAME TO mails")
    assert await shop.turns(sender) == []
    assert await shop.outcome(body) == "taken"
    assert len(await shop.turns(sender)) == 1


NO_MAIL = {"email_addresses": (), "email_webhook_secret": ""}


async def test_without_a_secret_there_is_no_such_way_in(api_settings: Settings) -> None:
    app = build(Settings.model_validate(api_settings.model_dump() | NO_MAIL))
    assert PATH not in app.openapi()["paths"]


@pytest.mark.parametrize("half", [{"email_addresses": (SHOP,)}, {"email_webhook_secret": SECRET}, {
    "email_addresses": (SHOP,), "email_webhook_secret": "hunter2-hunter2"}])  # fmt: skip
def test_half_a_setting_stops_the_start(api_settings: Settings, half: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"AIGUY_EMAIL|bytes in base64") as refused:
        Settings.model_validate(api_settings.model_dump() | NO_MAIL | half)
    assert "hunter2" not in str(refused.value)
