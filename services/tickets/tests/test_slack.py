"""Notices to Slack: shown letter by letter, and each answer of Slack's means one of three things."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from servicekit.slack import slack_client
from servicekit.testing.faulty import UPSTREAM_SECRET, Fault, Faults
from servicekit.testing.slack import TOKEN, FakeSlack
from tickets.backends.slack import SlackDelivery
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain

NOTICE = OutboxMessage(
    id="msg_1", kind=Kind.SLACK, recipient="#support", subject="", body="Ada waits.",
    created_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture
def delivery(slack_url: str) -> SlackDelivery:
    return SlackDelivery(slack_client(TOKEN, slack_url, 1))


async def test_a_notice_is_posted_to_its_channel(delivery: SlackDelivery, slack: FakeSlack) -> None:
    assert await delivery.deliver(NOTICE) == Delivered()
    (post,) = slack.posts
    assert (post["channel"], post["text"]) == ("#support", "Ada waits.")


@pytest.mark.parametrize(
    ("written", "posted"),
    [
        ("<!channel> <!here> <!everyone>", "&lt;!channel&gt; &lt;!here&gt; &lt;!everyone&gt;"),
        ("<@U024BE7LH> <#C024BE7LR>", "&lt;@U024BE7LH&gt; &lt;#C024BE7LR&gt;"),
        ("<https://evil.example|our bank>", "&lt;https://evil.example|our bank&gt;"),
        ("already &lt;!channel&gt;", "already &amp;lt;!channel&amp;gt;"),
        ("@channel @here", "@channel @here"),
    ],
)
async def test_what_a_customer_wrote_calls_nobody_and_links_nowhere(
    delivery: SlackDelivery, slack: FakeSlack, written: str, posted: str
) -> None:
    await delivery.deliver(_saying(written))
    (post,) = slack.posts
    assert post["text"] == posted
    # A plain `@channel` and a bare address stay plain text because of these.
    assert (post["link_names"], post["parse"], post["mrkdwn"]) == (False, "none", False)
    assert (post["unfurl_links"], post["unfurl_media"]) == (False, False)


async def test_each_attempt_carries_the_same_ids(delivery: SlackDelivery, slack: FakeSlack) -> None:
    await delivery.deliver(NOTICE)
    await delivery.deliver(NOTICE)
    first, second = slack.posts
    assert first["client_msg_id"] == second["client_msg_id"]
    assert first["metadata"] == {"event_type": "aiguy_notice", "event_payload": {"message_id": "msg_1"}}


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.status(401), TryAgain("refuses_us")),
        (Fault.status(403), TryAgain("refuses_us")),
        (Fault.status(404), TryAgain("rejected")),
        (Fault.status(409), TryAgain("rejected")),
        (Fault.status(422), TryAgain("rejected")),
        (Fault.status(429, {"retry-after": "7"}), TryAgain("rate_limited", pause_s=7)),
        (Fault.status(429, {"retry-after": "soon"}), TryAgain("rate_limited", pause_s=30)),
        (Fault.status(500), TryAgain("unavailable")),
        (Fault.garbage(), TryAgain("garbage")),
        (Fault(200, {"content-type": "application/json"}, b"[1]"), TryAgain("garbage")),
        (Fault(200, {"content-type": "application/json"}, b"{}"), TryAgain("garbage")),
        (Fault(200, {"content-type": "text/plain"}, b"ok"), TryAgain("garbage")),
        (Fault(200, {"content-type": "text/html"}, b"<html>"), TryAgain("garbage")),
        (Fault(200, {"content-type": "application/gzip"}, b"ok"), TryAgain("garbage")),
        (Fault.hang_before(), TryAgain("timeout")),
        (Fault.hang_after(), TryAgain("timeout")),
    ],
    ids=["401", "403", "404", "409", "422", "429", "429_word", "500", "garbage", "list", "empty", "text", "html",
         "gzip", "hang_before", "hang_after"],
)  # fmt: skip
async def test_each_failure_is_tried_again_and_says_nothing_of_theirs(
    delivery: SlackDelivery, slack_faults: Faults, fault: Fault, outcome: Outcome
) -> None:
    slack_faults.next(fault)
    found = await delivery.deliver(NOTICE)
    assert found == outcome
    assert UPSTREAM_SECRET not in repr(found)
    assert len(slack_faults.seen) == 1


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("ratelimited", TryAgain("rate_limited", pause_s=30)),
        ("internal_error", TryAgain("unavailable")),
        ("invalid_auth", TryAgain("refuses_us")),
        ("channel_not_found", TryAgain("refuses_us")),
        ("msg_too_long", Refused("refused")),
        (UPSTREAM_SECRET, Refused("refused")),
    ],
)
async def test_each_refusal_in_a_200_is_understood(
    delivery: SlackDelivery, slack: FakeSlack, said: str, outcome: Outcome
) -> None:
    slack.errors.append(said)
    assert await delivery.deliver(NOTICE) == outcome
    assert slack.posts == []


async def test_nobody_listening_is_tried_again() -> None:
    nowhere = SlackDelivery(slack_client(TOKEN, "http://127.0.0.1:9/api", 1))
    assert await nowhere.deliver(NOTICE) == TryAgain("unavailable")


async def test_a_connection_that_is_cut_is_left_to_the_outbox() -> None:
    cut: list[bytes] = []

    async def cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut.append(await reader.read(1))
        writer.close()

    async with await asyncio.start_server(cut_off, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()[:2]
        delivery = SlackDelivery(slack_client(TOKEN, f"http://{host}:{port}/api", 1))
        assert await delivery.deliver(NOTICE) == TryAgain("unavailable")
    assert cut == [b"P"]


async def test_a_wrong_token_is_for_our_operators(slack_url: str, slack: FakeSlack) -> None:
    stranger = SlackDelivery(slack_client("xoxb-wrong", slack_url, 1))
    assert await stranger.deliver(NOTICE) == TryAgain("refuses_us")
    assert json.dumps(slack.posts) == "[]"


def _saying(text: str) -> OutboxMessage:
    return OutboxMessage(
        id="msg_2", kind=Kind.SLACK, recipient="#support", subject="", body=text, created_at=NOTICE.created_at
    )
