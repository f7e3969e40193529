"""A workspace in Slack before the running stack: how it delivers, and who somebody there is."""

import itertools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from e2e.facts import nothing_owed
from e2e.machine import Machine
from e2e.people import Person
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from servicekit.testing import eventually
from servicekit.testing.live import live_server
from servicekit.testing.slack import SIGNING_SECRET, TEAM, TOKEN, FakeSlack, event_body, press_body, press_of, signed

STAFF = "C0STAFF"
EVENTS, INTERACTIONS = "/channels/slack/events", "/channels/slack/interactions"
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


@asynccontextmanager
async def talking_in_slack(machine: Machine, **more: str) -> AsyncIterator[Workspace]:
    """While the stack answers in a Slack of its own; `more` is set besides."""
    slack = FakeSlack()
    with live_server(slack.app()) as url:  # type: ignore[arg-type]
        await machine.ready(*SERVICES)
        await machine.reconfigure({
            "AIGUY_SLACK_CHAT_TOKEN": TOKEN, "AIGUY_SLACK_TEAM_ID": TEAM, "AIGUY_SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "AIGUY_SLACK_STAFF_CHANNEL": STAFF, "AIGUY_SLACK_API_URL": f"{url}/api", **more,
        })  # fmt: skip
        await machine.ready(*SERVICES)
        found = Workspace(machine, slack)
        yield found
        await found.settled()
