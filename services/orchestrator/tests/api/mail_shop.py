"""A shop that takes mails in by its webhook, and the mails that are handed in there."""

import base64
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from orchestrator.app import build
from orchestrator.channels.email.signing import WebhookSecret
from orchestrator.journal.entries import load_entries
from orchestrator.journal.mailing import address_of
from orchestrator.settings import Settings
from servicekit.kit import open_kit
from servicekit.testing import TestIssuer

PATH, SECRET = "/channels/email/inbound", "whsec_" + base64.b64encode(b"s" * 32).decode()
SHOP, SERVER = "support@shop.example", "mx.shop.example"


@dataclass
class Shop:
    """A shop that takes mails in; nobody works at them. `db` looks behind its back."""

    app: FastAPI
    http: httpx.AsyncClient
    db: "asyncpg.Connection[asyncpg.Record]"
    issuer: TestIssuer

    async def hand_in(self, body: bytes, kind: str = "message/rfc822", **changed: str) -> httpx.Response:
        """One delivery, signed; `changed` are headers by their names with underscores."""
        at, delivery = str(int(time.time())), secrets.token_hex(8)
        signature = WebhookSecret.read(SECRET).signature(delivery, at, body)
        headers = {"webhook-id": delivery, "webhook-timestamp": at, "webhook-signature": signature}
        told = {name.replace("_", "-"): value for name, value in changed.items()}
        return await self.http.post(PATH, content=body, headers=headers | {"content-type": kind} | told)

    async def outcome(self, body: bytes) -> str:
        answer = await self.hand_in(body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["outcome"])

    async def turns(self, sender: str) -> list[Any]:
        """The turns of a sender's mails, the oldest first."""
        person = self.app.state.mail_room.channel.person(sender)
        return await self.db.fetch(
            "SELECT t.*, c.channel, c.customer FROM mails m JOIN turns t ON t.id = m.turn_id"
            " JOIN conversations c ON c.id = t.conversation_id"
            " WHERE m.person = $1 AND m.outcome = 'taken' ORDER BY t.id",
            person,
        )

    async def said(self, turn_id: str) -> tuple[Any, str | None]:
        """What a turn began with, and where its answer goes."""
        desk = self.app.state.desk
        async with desk.database.primary() as db:
            conversation = await desk.conversations.by_turn(db, turn_id)
            entries = await load_entries(db, conversation.sealer, turn_id, desk.codec)
            return entries[0].turn_input, await address_of(db, conversation, turn_id)

    async def tag(self, turn_id: str) -> str:
        """The reply address that the answer of this turn has."""
        desk = self.app.state.desk
        async with desk.database.primary() as db:
            conversation = await desk.conversations.by_turn(db, turn_id)
        return f"support+{self.app.state.mail_room.channel.tag(conversation)}@shop.example"

    def counted(self, outcome: str) -> float:
        value: float = self.app.state.mail_room.heard.labels(outcome)._value.get()
        return value


def someone() -> str:
    return f"ada{secrets.token_hex(4)}@example.org"


def mail(sender: str, *headers: str, body: str = "How long is the warranty?", subject: str = "Warranty") -> bytes:
    """A mail with a Message-ID of its own, unless `headers` has one."""
    if not any(one.lower().startswith("message-id:") for one in headers):
        headers = (f"Message-ID: <{secrets.token_hex(8)}@example.org>", *headers)
    if not any(one.lower().startswith("to:") for one in headers):
        headers = (f"To: {SHOP}", *headers)
    return "\r\n".join((f"From: Ada <{sender}>", f"Subject: {subject}", *headers, "", body)).encode()


def authentic(domain: str = "example.org") -> str:
    return f"Authentication-Results: {SERVER}; dmarc=pass header.from={domain}"


@asynccontextmanager
async def mail_shop(settings: Settings, **changed: Any) -> AsyncIterator[Shop]:
    """The shop, running; `changed` are settings."""
    issuer = TestIssuer.create()
    told = {
        "email_addresses": (SHOP,), "email_webhook_secret": SECRET, "email_authserv_id": SERVER, "service": "mailed",
    }  # fmt: skip
    asked = Settings.model_validate(settings.model_dump() | told | changed)
    app = build(asked, kit_factory=lambda named: open_kit(named, issuers=[issuer.trust], audience="orchestrator"))
    connection = await asyncpg.connect(asked.database_url)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, client=("198.51.100.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            yield Shop(app, http, connection, issuer)
    await connection.close()
