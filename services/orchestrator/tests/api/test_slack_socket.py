"""Socket Mode: the same messages over a connection of ours, acknowledged when they are stored and not before."""

from collections.abc import AsyncIterator

import orjson
import pytest
import pytest_asyncio

from orchestrator.settings import Settings
from servicekit.testing import eventually
from servicekit.testing.slack import APP_TOKEN, FakeSlack, event_body

from .slack_shop import SlackShop, direct, slack_shop, someone

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(api_settings: Settings) -> AsyncIterator[SlackShop]:
    slack = FakeSlack()
    told = {"service": "socketed", "slack_signing_secret": "", "slack_app_token": APP_TOKEN}
    async with slack.listening(), slack_shop(api_settings, slack, **told) as found:
        await eventually(lambda: slack.connected, 20)
        yield found


def payload(user: str, text: str) -> dict[str, object]:
    told: dict[str, object] = orjson.loads(event_body(direct(user, text)))
    return told


async def test_a_message_is_a_turn_once_however_often_it_is_sent(shop: SlackShop) -> None:
    user = someone()
    told = payload(user, "How long is the warranty?")
    for _ in range(3):
        envelope = await shop.slack.send("events_api", told)
        await eventually(lambda sent=envelope: sent in shop.slack.acknowledged, 10)
    assert len(await shop.turns(user)) == 1


async def test_what_could_not_be_stored_is_not_acknowledged(shop: SlackShop) -> None:
    user = someone()
    told = payload(user, "Hello")
    failed, after = None, someone()
    await shop.db.execute("ALTER TABLE slack_messages RENAME TO slack_messages_away")
    try:
        failed = await shop.slack.send("events_api", told)
        # What needs no table is acknowledged behind it.
        plain = await shop.slack.send("events_api", payload(after, "Hi") | {"team_id": "T0002"})
        await eventually(lambda: plain in shop.slack.acknowledged, 10)
    finally:
        await shop.db.execute("ALTER TABLE slack_messages_away RENAME TO slack_messages")
    assert failed not in shop.slack.acknowledged
    await shop.slack.send("events_api", told)
    assert await eventually(lambda: shop.turns(user), 10)


async def test_a_connection_that_slack_closes_is_opened_again(shop: SlackShop) -> None:
    user = someone()
    opened = shop.slack.calls.count("apps.connections.open")
    await shop.slack.hang_up()
    await eventually(lambda: shop.slack.calls.count("apps.connections.open") > opened and shop.slack.connected, 30)
    envelope = await shop.slack.send("events_api", payload(user, "Are you there?"))
    await eventually(lambda: envelope in shop.slack.acknowledged, 10)
    assert len(await shop.turns(user)) == 1


async def test_nothing_comes_by_http_without_a_signing_secret(shop: SlackShop) -> None:
    assert (await shop.deliver(event_body(direct(someone(), "Hello")))).status_code == 404
