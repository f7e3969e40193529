"""People write, confirm and approve in Slack, before the whole stack: each answer and each refund comes once."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from e2e.facts import nothing_owed
from e2e.machine import Machine
from e2e.people import Person
from e2e.shop import paid_order
from onebox.keys import KIM
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from orchestrator.channels.slack.writing import GOES_ON
from servicekit.auth.claims import Role
from servicekit.testing import eventually
from servicekit.testing.live import live_server
from servicekit.testing.slack import SIGNING_SECRET, TEAM, TOKEN, FakeSlack, event_body, press_body, press_of, signed

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
STAFF = "C0STAFF"
EVENTS, INTERACTIONS = "/channels/slack/events", "/channels/slack/interactions"
ASKED = "How long do I have to return a product?"
_NUMBERS = itertools.count(1)


@dataclass
class Workspace:
    """The stack with its Slack, and how Slack delivers: by the front door."""

    machine: Machine
    slack: FakeSlack

    async def deliver(self, body: bytes, path: str = EVENTS) -> int:
        """The status of one signed delivery, made again while nobody listens."""
        kind = "application/json" if path == EVENTS else "application/x-www-form-urlencoded"

        async def once() -> int:
            headers = signed(body, time.time()) | {"content-type": kind}
            try:
                async with httpx.AsyncClient(base_url=self.machine.stack.url(), timeout=10) as client:
                    return (await client.post(path, content=body, headers=headers)).status_code
            except httpx.TransportError:
                return 0

        return await eventually(once, 60)

    async def say(self, event: Mapping[str, Any]) -> None:
        assert await self.deliver(event_body(event)) == 200

    async def press(self, user: str, channel: str, message: Mapping[str, Any], action: str) -> None:
        assert await self.deliver(press_body(press_of(user, channel, message, action)), INTERACTIONS) == 200

    async def link(self, user: str, person: Person) -> None:
        """Who somebody in Slack is: they ask for a code where they are signed in, and say it to the app."""
        async with self.machine.visitor(person) as visitor:
            told = await visitor.call("POST", "/api/agent/slack/codes")
        assert told.status_code == 201, told.text
        await self.say(direct(user, told.json()["code"]))

    async def asked(self, channel: str, about: str) -> dict[str, Any]:
        """The card in this channel that has these words, with its buttons."""

        def found() -> dict[str, Any] | None:
            there = self.slack.in_thread(channel, None)
            return next((one for one in there if about in str(one.get("blocks")) and "actions" in str(one)), None)

        card = await eventually(found, 60)
        assert card is not None
        return card

    async def settled(self) -> None:
        """Nothing is owed any more."""
        await nothing_owed(self.machine.database(ORCHESTRATOR), "run_turn", "slack_chat", "slack_staff")


def someone() -> str:
    return f"U{next(_NUMBERS):05}E"


def home(user: str) -> str:
    return f"D{user[1:]}"


def direct(user: str, text: str) -> dict[str, Any]:
    """A direct message."""
    ts = f"1700000000.{next(_NUMBERS):06}"
    told = {"type": "message", "channel_type": "im", "channel": home(user), "user": user, "text": text, "ts": ts}
    return told | {"team": TEAM}


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(running_machine: Machine) -> AsyncIterator[Workspace]:
    slack = FakeSlack()
    with live_server(slack.app()) as url:  # type: ignore[arg-type]
        await running_machine.ready(*SERVICES)
        await running_machine.reconfigure({
            "AIGUY_SLACK_CHAT_TOKEN": TOKEN, "AIGUY_SLACK_TEAM_ID": TEAM, "AIGUY_SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "AIGUY_SLACK_STAFF_CHANNEL": STAFF, "AIGUY_SLACK_API_URL": f"{url}/api",
        })  # fmt: skip
        await running_machine.ready(*SERVICES)
        found = Workspace(running_machine, slack)
        yield found
        await found.settled()


async def test_a_customer_asks_for_money_confirms_and_a_colleague_approves_all_in_slack(workspace: Workspace) -> None:
    shop = await paid_order(workspace.machine)
    user, kim = someone(), someone()
    await workspace.link(user, shop.person)
    await workspace.link(kim, KIM)
    await workspace.say(direct(user, f"Refund order {shop.order} for $200"))
    card = await workspace.asked(home(user), "200.00")
    await workspace.press(kim, home(user), card, "aiguy_confirm")
    assert await shop.refunds() == [], "staff cannot confirm for a customer"
    await asyncio.gather(*(workspace.press(user, home(user), card, "aiguy_confirm") for _ in range(3)))
    waiting = await workspace.asked(STAFF, "200.00")
    assert shop.person.name not in str(waiting)
    await workspace.press(user, STAFF, waiting, "aiguy_approve")
    assert await shop.given() == [], "who asked for it cannot approve it"
    await asyncio.gather(*(workspace.press(kim, STAFF, waiting, "aiguy_approve") for _ in range(3)))
    await eventually(lambda: "Receipt" in str(workspace.slack.in_thread(home(user), None)), 60)
    await workspace.settled()
    assert await shop.given() == [20_000]
    assert "Approved by" in workspace.slack.messages[waiting["ts"]]["text"]
    assert "actions" not in str(workspace.slack.messages[waiting["ts"]]["blocks"])


async def test_the_requester_never_approves_also_when_they_are_staff(workspace: Workspace) -> None:
    shop = await paid_order(workspace.machine, person=Person(KIM.subject, Role.CUSTOMER, KIM.name, KIM.email))
    user = someone()
    await workspace.link(user, shop.person)
    await workspace.say(direct(user, f"Refund order {shop.order} for $200"))
    card = await workspace.asked(home(user), "200.00")
    await workspace.press(user, home(user), card, "aiguy_confirm")
    waiting = await workspace.asked(STAFF, "200.00")
    await workspace.link(user, KIM)
    await workspace.press(user, STAFF, waiting, "aiguy_approve")
    await workspace.settled()
    assert await shop.given() == []
    await eventually(lambda: "cannot approve" in str(workspace.slack.whispers), 20)


async def test_every_message_that_was_taken_is_answered_once_also_when_the_process_dies(workspace: Workspace) -> None:
    users = [someone() for _ in range(6)]
    bodies = [event_body(direct(one, ASKED), event_id=f"Ev{one}") for one in users]
    assert set(await asyncio.gather(*map(workspace.deliver, bodies))) == {200}
    await workspace.machine.kill(ORCHESTRATOR)
    await workspace.machine.ready(ORCHESTRATOR)
    assert set(await asyncio.gather(*map(workspace.deliver, bodies))) == {200}, "delivered once more"
    await eventually(lambda: any(workspace.slack.in_thread(home(one), None) for one in users), 60)
    await workspace.machine.kill(ORCHESTRATOR)
    await workspace.machine.ready(*SERVICES)

    def whole(user: str) -> bool:
        told = workspace.slack.in_thread(home(user), None)
        return bool(told) and GOES_ON not in told[-1]["text"]

    await eventually(lambda: all(map(whole, users)), 90)
    await workspace.settled()
    assert Counter(len(workspace.slack.in_thread(home(one), None)) for one in users) == {1: len(users)}
