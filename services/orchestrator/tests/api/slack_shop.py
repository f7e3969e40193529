"""A shop whose people write in Slack: the orchestrator behind its HTTP API, and a Slack that it talks to."""

import itertools
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import httpx
from fastapi import FastAPI

from orchestrator.app import build
from orchestrator.channels.slack.routes import EVENTS_PATH, INTERACTIONS_PATH
from orchestrator.journal.entries import load_entries
from orchestrator.settings import Settings
from servicekit.auth.claims import Role
from servicekit.kit import open_kit
from servicekit.testing import TestIssuer
from servicekit.testing.faulty import Faults
from servicekit.testing.live import live_server
from servicekit.testing.slack import SIGNING_SECRET, TEAM, TOKEN, FakeSlack, event_body, press_body, signed

STAFF_CHANNEL = "C0STAFF"
_NUMBERS = itertools.count(1)
STAFF_SCOPES = ("approvals:decide", "conversations:answer", "console:read")


@dataclass
class SlackShop:
    """`http` delivers and calls the API, `db` looks behind its back; `faults` spoil what is asked of Slack."""

    app: FastAPI
    http: httpx.AsyncClient
    db: "asyncpg.Connection[asyncpg.Record]"
    issuer: TestIssuer
    slack: FakeSlack
    faults: Faults

    async def deliver(self, body: bytes, path: str = EVENTS_PATH, **changed: str) -> httpx.Response:
        """One signed delivery; `changed` are headers by their names with underscores."""
        kind = "application/json" if path == EVENTS_PATH else "application/x-www-form-urlencoded"
        headers = signed(body, time.time()) | {name.replace("_", "-"): value for name, value in changed.items()}
        return await self.http.post(path, content=body, headers={"content-type": kind} | headers)

    async def say(self, event: Mapping[str, Any], **told: str) -> None:
        """An event that is taken in."""
        answer = await self.deliver(event_body(event, **told))
        assert (answer.status_code, answer.text) == (200, ""), answer.text

    async def press(self, press: Mapping[str, Any]) -> None:
        """A pressed button that is taken in."""
        answer = await self.deliver(press_body(press), INTERACTIONS_PATH)
        assert (answer.status_code, answer.text) == (200, ""), answer.text

    async def turns(self, user: str) -> list[Any]:
        """The turns of what somebody said, the oldest first."""
        person = self.app.state.slack.room.channel.person(TEAM, user)
        return await self.db.fetch(
            "SELECT DISTINCT ON (t.id) t.*, c.channel, c.customer"
            " FROM slack_messages m JOIN turns t ON t.id = m.turn_id"
            ""
            " JOIN conversations c ON c.id = t.conversation_id WHERE m.person = $1 ORDER BY t.id",
            person,
        )

    async def began_with(self, turn_id: str) -> Any:
        """What a turn began with."""
        desk = self.app.state.desk
        async with desk.database.primary() as db:
            conversation = await desk.conversations.by_turn(db, turn_id)
            entries = await load_entries(db, conversation.sealer, turn_id, desk.codec)
        return entries[0].turn_input

    def counted(self, outcome: str) -> float:
        """How many deliveries came to this."""
        value: float = self.app.state.slack.room.taken.labels(outcome)._value.get()
        return value

    def bearer(
        self, subject: str, role: Role = Role.CUSTOMER, scopes: tuple[str, ...] = ("chat:send",)
    ) -> dict[str, str]:
        return self.issuer.bearer(
            "orchestrator", scopes, subject=subject, role=role, conversation_id=None, turn_id=None, ttl_s=300,
            email=f"{subject[5:]}@example.com",
        )  # fmt: skip

    async def code(self, subject: str, role: Role = Role.CUSTOMER, scopes: tuple[str, ...] = ("chat:send",)) -> str:
        """A one-time code for somebody who is signed in."""
        answer = await self.http.post("/api/agent/slack/codes", headers=self.bearer(subject, role, scopes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["code"])

    async def link(self, user: str, subject: str, role: Role = Role.CUSTOMER) -> None:
        """Who this user in Slack is from now on."""
        scopes = STAFF_SCOPES if role is Role.STAFF else ("chat:send",)
        await self.say(direct(user, await self.code(subject, role, scopes)))


def someone() -> str:
    return f"U{next(_NUMBERS):05}X"


def home(user: str) -> str:
    """The direct messages of a user."""
    return f"D{user[1:]}"


def direct(user: str, text: str, thread: str = "", **told: Any) -> dict[str, Any]:
    """A direct message."""
    return _message(user, home(user), text, thread) | {"type": "message", "channel_type": "im"} | told


def mention(user: str, text: str, channel: str = "C0001", thread: str = "", **told: Any) -> dict[str, Any]:
    """A mention in a channel."""
    return _message(user, channel, f"<@U0BOT> {text}", thread) | {"type": "app_mention"} | told


def _message(user: str, channel: str, text: str, thread: str) -> dict[str, Any]:
    told = {"user": user, "channel": channel, "text": text, "ts": f"1700000000.{next(_NUMBERS):06}", "team": TEAM}
    return told | ({"thread_ts": thread} if thread else {})


@asynccontextmanager
async def slack_shop(settings: Settings, slack: FakeSlack | None = None, **changed: Any) -> AsyncIterator[SlackShop]:
    """The shop while it is open."""
    issuer, slack = TestIssuer.create(), slack or FakeSlack()
    faults = Faults(slack.app())
    with live_server(cast(FastAPI, faults)) as url:
        told = {
            "slack_chat_token": TOKEN, "slack_team_id": TEAM, "slack_signing_secret": SIGNING_SECRET,
            "slack_staff_channel": STAFF_CHANNEL, "slack_api_url": f"{url}/api", "slack_chat_timeout_s": 1,
        }  # fmt: skip
        settings = Settings.model_validate(settings.model_dump() | told | changed)
        app = build(
            settings, kit_factory=lambda asked: open_kit(asked, issuers=[issuer.trust], audience="orchestrator")
        )
        connection = await asyncpg.connect(settings.database_url)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app, client=("198.51.100.7", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
                yield SlackShop(app, http, connection, issuer, slack, faults)
        await connection.close()
