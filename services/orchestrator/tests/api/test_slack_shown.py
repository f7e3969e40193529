"""What people see in Slack: each answer once, in its thread, whatever Slack does meanwhile; cards, and staff."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from contracts.registry import contracts_of
from contracts.tool import Family
from contracts.turn import ChunkEvent
from orchestrator.channels.slack.writing import GOES_ON
from orchestrator.settings import Settings
from orchestrator.stream.frames import EventId, encode_frame, stream_key
from orchestrator.tools.testing import FakeToolService
from servicekit.auth.claims import Role
from servicekit.testing import eventually
from servicekit.testing.faulty import Fault
from servicekit.testing.slack import press_of

from .slack_shop import STAFF_CHANNEL, SlackShop, direct, home, mention, slack_shop, someone

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
T = "2026-03-02T09:30:00Z"
PAGE = {
    "chunk_id": "chk_1", "document_id": "doc_1", "title": "Returns <b>&</b> more",
    "url": "https://shop.example/help/returns?a=1&b=2", "section": "",
    "text": "You can return most items within 30 days of delivery.", "score": 0.9, "similarity": 0.9, "updated_at": T,
}  # fmt: skip
MONEY = {"amount_minor": 5000, "currency": "USD"}
OUTPUTS: dict[str, dict[str, Any]] = {
    "get_order_status": {"order_id": "ABC123", "status": "shipped", "placed_at": T, "updated_at": T},
    "search_kb": {"passages": [PAGE], "strength": 0.9, "gap": 0.5, "cover": 1.0, "answerable": True},
    "issue_refund/preview": {"summary": "Refund 50.00 USD", "money_moved": MONEY, "digest": "a" * 64},
}  # fmt: skip
ASKED = "How long do I have to return something?"
REFUND = "Please refund order ABC123 for $50."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tools() -> AsyncIterator[FakeToolService]:
    contracts = [one for family in Family for one in contracts_of(family)]
    async with FakeToolService.of("orders", contracts, OUTPUTS).running() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api_settings: Settings, tools: FakeToolService) -> AsyncIterator[SlackShop]:
    urls = {family.value: tools.url for family in Family}
    async with slack_shop(api_settings, service="shown", worker="with-api", tool_urls=urls) as found:
        yield found


async def settled(shop: SlackShop) -> None:
    """Nothing is owed in Slack any more."""

    async def none_owed() -> bool:
        jobs = "SELECT count(*) FROM pgqueuer WHERE entrypoint IN ('slack_chat', 'slack_staff', 'run_turn')"
        return bool(await shop.db.fetchval(jobs) == 0)

    await eventually(none_owed, 40)


async def whole(shop: SlackShop, channel: str, thread: str | None, times: int = 1) -> list[dict[str, Any]]:
    """The messages there, once there are so many and none goes on."""

    def found() -> list[dict[str, Any]]:
        there = shop.slack.in_thread(channel, thread)
        return there if len(there) >= times and not any(GOES_ON in one["text"] for one in there) else []

    return await eventually(found, 30)


def buttons(message: dict[str, Any]) -> list[str]:
    return [one["action_id"] for block in message["blocks"] if block["type"] == "actions" for one in block["elements"]]


async def test_a_mention_is_answered_once_in_its_thread_with_its_source(shop: SlackShop) -> None:
    event = mention(someone(), ASKED)
    await shop.say(event)
    (answer,) = await whole(shop, "C0001", event["ts"])
    assert "30 days" in answer["text"]
    assert "<https://shop.example/help/returns?a=1&amp;b=2|Returns &lt;b&gt;&amp;&lt;/b&gt; more>" in answer["text"]
    assert "assistant" in answer["text"], "who answers"
    await settled(shop)
    assert len(shop.slack.in_thread("C0001", event["ts"])) == 1


async def test_an_answer_grows_in_one_message_and_shows_that_it_is_not_whole(
    shop: SlackShop, tools: FakeToolService
) -> None:
    user = someone()
    tools.delay_s = 2.5
    try:
        await shop.say(direct(user, ASKED))
        (turn,) = await shop.turns(user)
        hub = shop.app.state.desk.hub
        await eventually(lambda: hub.runs_here(turn["id"]) and hub.is_followed(turn["id"]), 10)
        chunk = ChunkEvent(text="You can <!channel>", offset=0)
        # Behind all that the turn itself tells by then.
        hub.tell_near(stream_key(turn["id"]), encode_frame(EventId(9, 1), chunk))
        growing = await eventually(lambda: shop.slack.in_thread(home(user), None), 10)
        assert shop.slack.seen[growing[0]["ts"]][0] == f"You can &lt;!channel&gt; {GOES_ON}"
    finally:
        tools.delay_s = 0.0
    (answer,) = await whole(shop, home(user), None)
    assert answer["ts"] == growing[0]["ts"]
    assert "return" in answer["text"]
    assert "You can &lt;!channel&gt;" not in answer["text"]


async def test_what_somebody_writes_calls_nobody_when_it_is_said_again(shop: SlackShop) -> None:
    user = someone()
    await shop.say(direct(user, "Where is &lt;!channel&gt; my order &lt;https://evil.example|x&gt;?"))
    (answer,) = await whole(shop, home(user), None)
    assert "<!channel>" not in answer["text"]
    assert "<https://evil.example" not in answer["text"]
    assert (answer["parse"], answer["link_names"]) == ("none", False)


async def test_messages_in_a_row_are_answered_in_their_order(shop: SlackShop) -> None:
    event = mention(someone(), ASKED)
    await shop.say(event)
    await shop.say(mention(event["user"], "Hello!", thread=event["ts"]))
    first, second = await whole(shop, "C0001", event["ts"], 2)
    assert "30 days" in first["text"]
    assert "30 days" not in second["text"]


@pytest.mark.parametrize(
    "fault",
    [Fault.status(503), Fault.status(429, {"retry-after": "1"}), Fault.garbage(), Fault.hang_before()],
    ids=["503", "429", "garbage", "hang"],
)
async def test_an_answer_that_slack_did_not_take_comes_later_and_once(shop: SlackShop, fault: Fault) -> None:
    event = mention(someone(), ASKED)
    shop.faults.next(fault, fault)
    await shop.say(event)
    (answer,) = await whole(shop, "C0001", event["ts"])
    assert "30 days" in answer["text"]
    await settled(shop)
    assert len(shop.slack.in_thread("C0001", event["ts"])) == 1


async def test_a_post_of_which_nobody_heard_is_found_again_and_not_repeated(shop: SlackShop) -> None:
    event = mention(someone(), ASKED)
    before = len(shop.slack.posts)
    shop.faults.next(Fault.hang_after())
    await shop.say(event)
    await settled(shop)
    (answer,) = await whole(shop, "C0001", event["ts"])
    assert "30 days" in answer["text"]
    assert len(shop.slack.posts) == before + 1
    assert "conversations.replies" in shop.slack.calls


async def test_refusals_that_only_operators_can_mend_are_tried_again(shop: SlackShop) -> None:
    event = mention(someone(), ASKED)
    shop.slack.errors += ["not_in_channel", "internal_error"]
    await shop.say(event)
    (answer,) = await whole(shop, "C0001", event["ts"])
    assert "30 days" in answer["text"]


async def test_an_answer_that_slack_will_never_take_is_given_up(shop: SlackShop) -> None:
    event = mention(someone(), ASKED)
    shop.slack.errors += ["msg_too_long"]
    before = shop.app.state.slack.room.notes.posts.labels("refused")._value.get()
    await shop.say(event)
    await settled(shop)
    assert shop.slack.in_thread("C0001", event["ts"]) == []
    assert shop.app.state.slack.room.notes.posts.labels("refused")._value.get() == before + 1


async def test_a_customer_confirms_by_a_button_once_and_the_card_says_so(shop: SlackShop) -> None:
    user = someone()
    await shop.link(user, "cust_ada")
    await shop.say(direct(user, REFUND))
    card = await eventually(
        lambda: next((one for one in shop.slack.in_thread(home(user), None) if one.get("blocks")), None), 30
    )
    assert buttons(card) == ["aiguy_confirm", "aiguy_decline"]
    assert "Refund 50.00 USD" in card["text"]
    press = press_of(user, home(user), card, "aiguy_decline")
    for _ in range(2):  # a double click
        await shop.press(press)
    await eventually(lambda: not buttons(shop.slack.messages[card["ts"]]), 30)
    assert "declined" in shop.slack.messages[card["ts"]]["text"]
    assert (shop.counted("decline"), shop.counted("confirm")) == (2, 0)
    (turn,) = [one for one in await shop.turns(user) if one["customer"]]
    decided = await shop.db.fetch("SELECT state, decided_by FROM cards WHERE turn_id = $1", turn["id"])
    assert [(one["state"], one["decided_by"]) for one in decided] == [("no", "customer")]
    await shop.press(press | {"actions": [press["actions"][0] | {"action_id": "aiguy_confirm"}]})
    assert shop.counted("refused_already_decided") == 1
    said = await eventually(lambda: [one["text"] for one in shop.slack.in_thread(home(user), None)][-1])
    assert said


async def test_nobody_else_confirms_whoever_presses(shop: SlackShop) -> None:
    ada, bo, eve = someone(), someone(), someone()
    await shop.link(ada, "cust_ada2")
    await shop.link(bo, "cust_bo")
    await shop.say(direct(ada, REFUND))
    card = await eventually(
        lambda: next((one for one in shop.slack.in_thread(home(ada), None) if one.get("blocks")), None), 30
    )
    refused, unlinked = shop.counted("refused_not_found"), shop.counted("not_linked")
    for user in (bo, eve):
        press = press_of(user, home(ada), card, "aiguy_confirm")
        press["response_url"] = "https://evil.example/stolen"
        await shop.press(press)
    foreign = press_of(ada, home(ada), card, "aiguy_confirm", team="T0002")
    await shop.press(foreign)
    assert (shop.counted("refused_not_found"), shop.counted("not_linked")) == (refused + 1, unlinked + 1)
    (turn,) = [one for one in await shop.turns(ada) if one["customer"]]
    assert await shop.db.fetchval("SELECT state FROM cards WHERE turn_id = $1", turn["id"]) == "open"


async def test_in_front_of_everybody_nothing_is_asked_and_no_yes_counts(shop: SlackShop) -> None:
    user = someone()
    await shop.link(user, "cust_ada3")
    event = mention(user, "Where is my order ABC123?")
    await shop.say(event)
    (answer,) = await whole(shop, "C0001", event["ts"])
    assert "shipped" not in answer["text"]
    assert not any(buttons(one) for one in shop.slack.in_thread("C0001", event["ts"]) if one.get("blocks"))


async def test_staff_hear_of_who_wants_a_person_answer_in_the_alerts_thread_and_hand_back(shop: SlackShop) -> None:
    user, kim = someone(), someone()
    await shop.link(kim, "staff_kim", Role.STAFF)
    await shop.say(direct(user, "May I talk to a person, please? I am ada@example.com."))
    alert = await eventually(
        lambda: next((one for one in shop.slack.in_thread(STAFF_CHANNEL, None)), None), 40
    )  # fmt: skip
    assert buttons(alert) == ["aiguy_hand_back"]
    below = await eventually(lambda: shop.slack.in_thread(STAFF_CHANNEL, alert["ts"]), 30)
    assert "ada@example.com" not in str(below), "personal data stand as their kinds"
    await settled(shop)
    reply = direct(kim, "I am Kim, how can I help?", alert["ts"]) | {
        "channel": STAFF_CHANNEL, "channel_type": "channel"
    }  # fmt: skip
    for _ in range(2):
        await shop.say(reply)
    said = await eventually(
        lambda: [one for one in shop.slack.in_thread(home(user), None) if "I am Kim" in one["text"]], 30
    )
    assert len(said) == 1
    await shop.say(direct(user, "It is about my tent."))
    await eventually(lambda: "It is about my tent." in str(shop.slack.in_thread(STAFF_CHANNEL, alert["ts"])), 30)
    stranger = direct(someone(), "I am staff, too.", alert["ts"]) | {
        "channel": STAFF_CHANNEL, "channel_type": "channel"
    }  # fmt: skip
    await shop.say(stranger)
    await shop.press(press_of(kim, STAFF_CHANNEL, shop.slack.messages[alert["ts"]], "aiguy_hand_back"))
    await eventually(lambda: buttons(shop.slack.messages[alert["ts"]]) == ["aiguy_take_over"], 30)
    await settled(shop)
    assert "I am staff, too." not in str(shop.slack.in_thread(home(user), None))
    await shop.say(reply | {"ts": "1700009999.000001", "text": "One more thing."})
    assert shop.counted("refused_conflict") == 1, "the assistant answers again"
