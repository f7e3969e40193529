"""What Slack delivers: who is let in, which conversation a message belongs to, who somebody is, what nobody answers."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import httpx
import pytest
import pytest_asyncio
import yaml

from orchestrator.channels.slack.cards import Subject, alert, approval_card
from orchestrator.channels.slack.links import CODE_S, code_in
from orchestrator.channels.slack.routes import EVENTS_PATH, INTERACTIONS_PATH, MAX_BODY_BYTES
from orchestrator.journal.cards import Card
from orchestrator.journal.views import last_messages
from orchestrator.privacy.erasing import erase_conversations
from orchestrator.settings import Settings
from servicekit.auth.claims import Role
from servicekit.testing import eventually
from servicekit.testing.slack import BOT_USER, event_body, press_body, press_of, signed

from .slack_shop import STAFF_CHANNEL, SlackShop, direct, home, mention, slack_shop, someone

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
CARD = Card(
    "trn_" + "0" * 32, "d" * 64, "approval", "issue_refund", "Refund", None, datetime.now(UTC) + timedelta(hours=1)
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api_settings: Settings) -> AsyncIterator[SlackShop]:
    async with slack_shop(api_settings, service="slacked", slack_person_hour=8) as found:
        yield found


async def test_a_direct_message_is_a_turn_of_a_guest_and_its_answer_is_owed(shop: SlackShop) -> None:
    user = someone()
    await shop.say(direct(user, "How long is the *warranty*?"))
    (turn,) = await shop.turns(user)
    assert (turn["channel"], turn["customer"], turn["status"]) == ("slack", False, "running")
    started = await shop.began_with(turn["id"])
    assert (started.text, started.channel) == ("How long is the *warranty*?", "slack")
    assert "assistant" in started.disclosure.lower()
    jobs = await shop.db.fetch("SELECT entrypoint, payload FROM pgqueuer WHERE payload = ANY ($1)",
                               [turn["id"].encode(), turn["conversation_id"].encode()])  # fmt: skip
    assert {one["entrypoint"] for one in jobs} == {"run_turn", "slack_chat"}


async def test_the_address_is_verified_once(shop: SlackShop) -> None:
    body = b'{"type": "url_verification", "challenge": "c-1", "token": "t"}'
    answer = await shop.deliver(body)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "c-1"})
    assert (await shop.deliver(body, x_slack_signature="v0=00")).status_code == 401


@pytest.mark.parametrize("path", [EVENTS_PATH, INTERACTIONS_PATH])
@pytest.mark.parametrize(
    "changed",
    [
        {"x_slack_signature": "v0=00"}, {"x_slack_signature": ""}, {"x_slack_request_timestamp": "soon"},
        {"x_slack_request_timestamp": str(int(time.time()) - 400)}, {"x_slack_request_timestamp": "9" * 40},
        {"x_slack_request_timestamp": ""},
    ],
)  # fmt: skip
async def test_nobody_else_delivers(shop: SlackShop, path: str, changed: dict[str, str]) -> None:
    user, before = someone(), shop.counted("refused_signature")
    answer = await shop.deliver(event_body(direct(user, "Hello")), path, **changed)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert shop.counted("refused_signature") == before + 1
    assert await shop.turns(user) == []


async def test_an_old_delivery_with_its_true_signature_is_refused(shop: SlackShop) -> None:
    body = event_body(direct(someone(), "Hello"))
    late = {name.replace("-", "_"): value for name, value in signed(body, time.time() - 301).items()}
    assert (await shop.deliver(body, **late)).status_code == 401
    fresh = {name.replace("-", "_"): value for name, value in signed(body, time.time() - 280).items()}
    assert (await shop.deliver(body, **fresh)).status_code == 200


@pytest.mark.parametrize("path", [EVENTS_PATH, INTERACTIONS_PATH])
@pytest.mark.parametrize("body", [b"{", b'{"event": ' + b"[" * 50_000, b"payload=%7B"])
async def test_what_slack_never_sends_is_refused_in_words(shop: SlackShop, path: str, body: bytes) -> None:
    answer = await shop.deliver(body, path, content_type="application/json")
    assert answer.status_code in (400, 404)
    if answer.status_code == 400:
        assert (answer.headers["content-type"], answer.json()["code"]) == ("application/problem+json", "malformed_body")


async def test_what_is_no_text_is_not_slacks(shop: SlackShop) -> None:
    assert (await shop.deliver(b"\xff\xfe")).status_code == 401


async def test_a_body_of_more_than_its_size_is_refused(shop: SlackShop) -> None:
    assert (await shop.deliver(b"{" + b" " * MAX_BODY_BYTES + b"}")).status_code == 413


async def test_the_same_message_is_one_turn_however_often_it_is_delivered(shop: SlackShop) -> None:
    user = someone()
    event = mention(user, "How long is the warranty?")
    again = [event_body(event, event_id="Ev1") for _ in range(4)]
    # The same mention is told as a message of the channel, too, under another event_id.
    again += [event_body(event | {"type": "message", "channel_type": "channel"}, event_id="Ev2") for _ in range(4)]
    answers = await asyncio.gather(
        *(shop.deliver(one, x_slack_retry_num=str(n), x_slack_retry_reason="timeout") for n, one in enumerate(again))
    )
    assert {one.status_code for one in answers} == {200}
    assert len(await shop.turns(user)) == 1


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"bot_id": "B1"}, "bot"), ({"subtype": "bot_message"}, "bot"), ({"user": BOT_USER}, "bot"),
        ({"subtype": "message_changed"}, "edited"), ({"subtype": "message_deleted"}, "edited"),
        ({"subtype": "channel_join"}, "other_kind"), ({"type": "reaction_added"}, "other_kind"),
        ({"user_team": "T0002"}, "other_workspace"), ({"text": " "}, "empty"), ({"ts": 7}, "other_kind"),
    ],
)  # fmt: skip
async def test_a_machine_an_edit_and_another_workspace_get_no_answer(
    shop: SlackShop, changed: dict[str, object], outcome: str
) -> None:
    user, before = someone(), shop.counted(outcome)
    await shop.say(direct(user, "Hello there") | changed)
    assert await shop.turns(user) == []
    assert shop.counted(outcome) == before + 1


async def test_events_of_another_workspace_are_not_answered(shop: SlackShop) -> None:
    user = someone()
    await shop.say(direct(user, "Hello"), team="T0002")
    assert await shop.turns(user) == []


async def test_in_a_channel_only_who_mentions_us_is_answered(shop: SlackShop) -> None:
    user = someone()
    plain = mention(user, "Hello") | {"type": "message", "channel_type": "channel", "text": "Hello all"}
    await shop.say(plain)
    assert await shop.turns(user) == []


async def test_a_thread_is_a_conversation_of_all_who_write_in_it(shop: SlackShop) -> None:
    ada, bo = someone(), someone()
    root = mention(ada, "How long is the warranty?")
    await shop.say(root)
    await shop.say(mention(bo, "And for batteries?", thread=root["ts"]))
    await shop.say(mention(ada, "Another matter."))
    first, other = await shop.turns(ada)
    (second,) = await shop.turns(bo)
    assert second["conversation_id"] == first["conversation_id"] != other["conversation_id"]
    assert not any(one["customer"] for one in (first, second, other))


async def test_quick_messages_are_answered_in_the_order_in_which_they_came(shop: SlackShop) -> None:
    user = someone()
    for text in ("First?", "Second?", "Third?"):
        await shop.say(direct(user, text))
    turns = await shop.turns(user)
    assert len({one["conversation_id"] for one in turns}) == 1
    assert [(await shop.began_with(one["id"])).text for one in turns] == ["First?", "Second?", "Third?"]
    assert [one["status"] for one in turns] == ["running", "queued", "queued"]


async def test_a_reply_that_comes_before_the_message_of_its_thread_is_in_the_same_conversation(shop: SlackShop) -> None:
    user = someone()
    root = mention(user, "How long is the warranty?")
    await shop.say(mention(user, "And for batteries?", thread=root["ts"]))
    await shop.say(root)
    assert len({one["conversation_id"] for one in await shop.turns(user)}) == 1


async def test_files_are_named_and_not_opened(shop: SlackShop) -> None:
    user = someone()
    await shop.say(direct(user, "See here", subtype="file_share", files=[{"name": "tent.png"}, {"id": "F1"}]))
    text = (await shop.began_with((await shop.turns(user))[0]["id"])).text
    assert "See here" in text
    assert "tent.png" in text


async def test_who_has_connected_their_account_is_that_customer_in_direct_messages_alone(shop: SlackShop) -> None:
    user = someone()
    await shop.say(direct(user, "Before."))
    await shop.link(user, "cust_ada")
    await shop.say(direct(user, "After."))
    await shop.say(mention(user, "In front of everybody."))
    before, after, public = await shop.turns(user)
    assert [one["customer"] for one in (before, after, public)] == [False, True, False]
    assert before["conversation_id"] != after["conversation_id"]
    assert (await shop.began_with(after["id"])).requester == "cust_ada"
    await eventually(lambda: [one["text"] for one in shop.slack.in_thread(home(user), None)])
    assert "connected" in shop.slack.in_thread(home(user), None)[0]["text"]


async def test_a_code_is_good_for_one_person_once_and_reaches_no_turn(shop: SlackShop) -> None:
    ada, eve = someone(), someone()
    code = await shop.code("cust_ada")
    await shop.say(direct(ada, f"link {code.lower()}"))
    await shop.say(direct(eve, code))
    await shop.say(direct(eve, "Am I Ada?"))
    assert await shop.turns(ada) == []
    assert [one["customer"] for one in await shop.turns(eve)] == [False]
    kept = await shop.db.fetch("SELECT * FROM slack_links")
    assert not any(code in str(dict(one)) or "cust_ada" in str(dict(one)) for one in kept), "hashed or sealed"


async def test_a_code_in_a_channel_is_burned(shop: SlackShop) -> None:
    user, code = someone(), await shop.code("cust_ada")
    await shop.say(mention(user, code))
    await shop.say(direct(user, code))
    await shop.say(direct(user, "Am I Ada?"))
    assert [one["customer"] for one in await shop.turns(user)] == [False]
    await eventually(lambda: [one for one in shop.slack.whispers if one["user"] == user])


async def test_a_code_that_is_too_old_connects_nobody(shop: SlackShop) -> None:
    user, code = someone(), await shop.code("cust_ada")
    await shop.db.execute("UPDATE slack_links SET expires_at = now() - interval '1 second' WHERE code IS NOT NULL")
    await shop.say(direct(user, code))
    await shop.say(direct(user, "Am I Ada?"))
    assert [one["customer"] for one in await shop.turns(user)] == [False]


async def test_an_account_is_believed_no_longer_than_it_was_connected_for(shop: SlackShop) -> None:
    user = someone()
    await shop.link(user, "cust_ada")
    await shop.db.execute("UPDATE slack_links SET expires_at = now() - interval '1 second'")
    await shop.say(direct(user, "Am I still Ada?"))
    assert [one["customer"] for one in await shop.turns(user)] == [False]


async def test_staff_get_a_code_at_the_console_and_do_in_slack_what_their_session_lets_them(shop: SlackShop) -> None:
    token = shop.bearer("staff_lee", Role.STAFF, ("console:read", "conversations:answer"))["authorization"][7:]
    transport = httpx.ASGITransport(app=shop.app, client=("198.51.100.8", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as browser:
        assert (await browser.post("/console/sign-in", data={"token": token})).status_code == 303
        page = (await browser.get("/console/slack")).text
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page)
        assert csrf is not None
        assert (await browser.post("/console/slack", data={"csrf": "0" * 64})).status_code == 403
        told = await browser.post("/console/slack", data={"csrf": csrf[1]})
    code = code_in(told.text)
    assert code is not None
    lee = someone()
    await shop.say(direct(lee, code))
    about = Subject("cnv_" + "0" * 32, "trn_" + "0" * 32, "d" * 64)
    card = approval_card(CARD, about.conversation_id, ())
    message = {"ts": "1.1", "text": card.text, "blocks": card.blocks}
    await shop.press(press_of(lee, STAFF_CHANNEL, message, "aiguy_approve"))
    assert shop.counted("refused_insufficient_scope") == 1, "who may answer may not approve"
    waits = {"ts": "1.1", "blocks": alert(["x"], about.conversation_id, with_staff=False).blocks}
    await shop.press(press_of(lee, STAFF_CHANNEL, waits, "aiguy_take_over"))
    assert shop.counted("refused_not_found") == 1, "there is no such conversation"


async def test_a_button_that_is_none_of_ours_does_nothing(shop: SlackShop) -> None:
    card = approval_card(CARD, "cnv_1", ())
    press = press_of(someone(), STAFF_CHANNEL, {"ts": "1.1", "blocks": card.blocks}, "aiguy_approve")
    before = shop.counted("unknown")
    for changed in ({"value": "nonsense"}, {"action_id": "other"}):
        await shop.press(press | {"actions": [press["actions"][0] | changed]})
    assert shop.counted("unknown") == before + 2
    answer = await shop.deliver(press_body(press | {"channel": None}), INTERACTIONS_PATH)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


async def test_what_staff_say_below_a_card_is_said_to_no_customer(shop: SlackShop) -> None:
    user, kim = someone(), someone()
    await shop.link(kim, "staff_kim", Role.STAFF)
    await shop.say(direct(user, "Hello"))
    (turn,) = await shop.turns(user)
    about = turn["conversation_id"]
    await shop.db.execute("UPDATE conversations SET answering = 'staff', staff_reason = 'x' WHERE id = $1", about)
    named = shop.app.state.slack.room.channel.post
    for kind, ts in (("approval", "5.5"), ("alert", "6.6")):
        await shop.db.execute(
            "INSERT INTO slack_posts (id, conversation_id, named, ts) VALUES ($1, $2, $3, $4)",
            f"{kind}|{about}", about, named(STAFF_CHANNEL, ts), ts,
        )  # fmt: skip
        words = direct(kim, f"Below an {kind}.", ts) | {"channel": STAFF_CHANNEL, "channel_type": "channel"}
        await shop.say(words)
    async with shop.app.state.desk.database.primary() as db:
        conversation = await shop.app.state.desk.conversations.by_turn(db, turn["id"])
        said = [one.text for one in await last_messages(db, conversation, 10) if one.role == "staff"]
    assert said == ["Below an alert."]


async def test_guests_and_tokens_of_nobody_get_no_code(shop: SlackShop) -> None:
    guest = await shop.http.post("/api/agent/slack/codes", headers=shop.bearer("guest_1", Role.GUEST))
    nobody = await shop.http.post("/api/agent/slack/codes")
    assert (guest.status_code, nobody.status_code) == (403, 401)


async def _offered(http: httpx.AsyncClient, headers: dict[str, str]) -> bool:
    """Whether who begins a conversation is told that they can connect their account."""
    answer = await http.post("/api/agent/conversations", json={}, headers=headers)
    assert answer.status_code == 201, answer.text
    return bool(answer.json()["slack"])


async def test_a_customer_is_offered_to_connect_and_nobody_else_is(shop: SlackShop) -> None:
    assert await _offered(shop.http, shop.bearer("cust_ada"))
    assert not await _offered(shop.http, shop.bearer("guest_" + "0" * 32, Role.GUEST))
    assert not await _offered(shop.http, shop.bearer("staff_lee", Role.STAFF))


async def test_nobody_is_offered_to_connect_where_slack_is_off(shop: SlackShop, api) -> None:
    assert not await _offered(api.http, api.bearer())
    off = {"channel": "slack", "seen": "on", "wanted": "off", "reason": "we try it on ourselves first"}
    admin = shop.bearer("staff_lee", Role.STAFF, ("tools:switch",))
    for told in (off, off | {"seen": "off", "wanted": "on"}):
        answer = await shop.http.put("/api/agent/tools/switches", json=told, headers=admin)
        assert answer.status_code == 200, answer.text
        assert await _offered(shop.http, shop.bearer("cust_ada")) is (told["wanted"] == "on")


async def test_a_code_says_whom_to_write_it_to_and_for_how_long(shop: SlackShop) -> None:
    manifest = yaml.safe_load(files("orchestrator.channels.slack").joinpath("manifest.yaml").read_text())
    told = (await shop.http.post("/api/agent/slack/codes", headers=shop.bearer("cust_ada"))).json()
    assert (told["app"], told["expires_in_s"]) == (manifest["features"]["bot_user"]["display_name"], CODE_S)
    assert code_in(told["code"]) == told["code"]


async def test_who_says_the_same_again_and_again_or_never_stops_is_a_machine(shop: SlackShop) -> None:
    echo, flood = someone(), someone()
    for _ in range(5):
        await shop.say(direct(echo, "I am away until Monday."))
    for n in range(10):
        await shop.say(direct(flood, f"Question {n}?"))
    assert len(await shop.turns(echo)) == 3
    assert len(await shop.turns(flood)) == 8
    await shop.say(direct(someone(), "Others are answered."))
    assert (shop.counted("repeated"), shop.counted("person_rate")) == (2, 2)


async def test_a_message_that_could_not_be_stored_is_taken_when_it_is_delivered_again(shop: SlackShop) -> None:
    user = someone()
    body = event_body(direct(user, "Hello"))
    await shop.db.execute("ALTER TABLE slack_messages RENAME TO slack_messages_away")
    try:
        assert (await shop.deliver(body)).status_code >= 500
    finally:
        await shop.db.execute("ALTER TABLE slack_messages_away RENAME TO slack_messages")
    assert (await shop.deliver(body)).status_code == 200
    assert len(await shop.turns(user)) == 1


async def test_no_name_of_slacks_is_stored_in_the_clear(shop: SlackShop) -> None:
    user = someone()
    await shop.say(direct(user, "Hello"))
    for table in ("slack_messages", "slack_threads", "slack_posts", "slack_links"):
        rows = await shop.db.fetch(f"SELECT * FROM {table}")
        assert not any(user in str(dict(one)) or home(user) in str(dict(one)) for one in rows), table


async def test_who_was_erased_is_not_known_any_more(shop: SlackShop) -> None:
    user = someone()
    await shop.say(direct(user, "Hello"))
    (first,) = await shop.turns(user)
    async with shop.app.state.desk.database.transaction() as db:
        await erase_conversations(db, [first["conversation_id"]])
    kept = await shop.db.fetchrow("SELECT * FROM slack_messages WHERE turn_id = $1", first["id"])
    assert (kept["person"], kept["place"], kept["said"]) == ("", "", "")
    await shop.say(direct(user, "Are you there?"))
    (anew,) = await shop.turns(user)
    assert anew["conversation_id"] != first["conversation_id"]


async def test_who_is_erased_by_their_site_is_nobody_in_slack(shop: SlackShop) -> None:
    user = someone()
    await shop.link(user, "cust_gone")
    manager = shop.bearer("staff_kim", Role.STAFF, ("privacy:manage",))
    erased = await shop.http.post("/api/agent/privacy/erase", json={"customer": "cust_gone"}, headers=manager)
    assert erased.status_code == 202, erased.text
    await shop.say(direct(user, "Am I still known?"))
    assert [one["customer"] for one in await shop.turns(user)] == [False]
