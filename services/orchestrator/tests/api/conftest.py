"""The orchestrator's public API on real servers, with no worker: what is accepted stays where it was put."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from orchestrator.app import build
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.store import PgTurnJournal
from orchestrator.settings import Settings
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import Drafted
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from servicekit.auth.claims import Role
from servicekit.auth.keys import KeySet
from servicekit.crypto import Keyring
from servicekit.kit import open_kit
from servicekit.testing import TestIssuer, running

AUDIENCE = "orchestrator"
CHAT = ("chat:send",)
STAFF = (
    "approvals:decide", "console:read", "conversations:answer", "knowledge:curate", "privacy:manage", "kb.ingest",
    "tools:switch",
)  # fmt: skip


@dataclass
class Api:
    """The running API: `http` calls it, `db` looks behind its back."""

    app: FastAPI
    http: httpx.AsyncClient
    db: "asyncpg.Connection[asyncpg.Record]"
    issuer: TestIssuer
    other_shop: TestIssuer
    #: Signs in staff of `issuer`'s shop, and nobody else.
    staff_door: TestIssuer

    def bearer(
        self, subject: str = "cust_ada", role: Role = Role.CUSTOMER, issuer: TestIssuer | None = None
    ) -> dict[str, str]:
        told = {"subject": subject, "role": role, "conversation_id": None, "turn_id": None, "ttl_s": 300}
        return (issuer or self.issuer).bearer(AUDIENCE, CHAT, **told, email=f"{subject[5:]}@example.com")

    def staff(
        self, subject: str = "staff_kim", *, email: str | None = None, issuer: TestIssuer | None = None
    ) -> dict[str, str]:
        told = {"subject": subject, "role": Role.STAFF, "conversation_id": None, "turn_id": None, "ttl_s": 300}
        return (issuer or self.issuer).bearer(AUDIENCE, STAFF, **told, email=email)

    async def post(self, path: str, body: Any, *, subject: str = "cust_ada") -> httpx.Response:
        return await self.http.post(path, json=body, headers=self.bearer(subject))

    async def get(self, path: str, *, subject: str = "cust_ada", **params: Any) -> httpx.Response:
        return await self.http.get(path, params=params, headers=self.bearer(subject))

    async def begin(self, subject: str = "cust_ada") -> str:
        answer = await self.post("/api/agent/conversations", {}, subject=subject)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["conversation_id"])

    async def end(self, turn_id: str, finish: Finish) -> Conversation:
        """Ends a turn that nobody works on in the journal; Redis knows nothing of it."""
        desk = self.app.state.desk
        async with desk.database.primary() as db:
            conversation: Conversation = await desk.conversations.by_turn(db, turn_id)
        vault = desk.intake.vaults.of(conversation)
        journal = PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)
        recorded = await journal.load()
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        await journal.append(len(recorded), [Recorded(Drafted(text=finish.text), 1)], state, finish)
        return conversation

    async def say(self, conversation_id: str, text: str, client_turn_id: str) -> httpx.Response:
        body = {"conversation_id": conversation_id, "text": text, "client_turn_id": client_turn_id}
        return await self.post("/api/agent/messages", body)


@pytest.fixture(scope="module")
def api_settings(
    tmp_path_factory: pytest.TempPathFactory, database_url: Callable[[str], str], redis_url: str
) -> Settings:
    """Settings with fresh keys and the worker off."""
    keys = tmp_path_factory.mktemp("keys")
    signing, master, issuers = keys / "signing.json", keys / "master.json", keys / "issuers.json"
    KeySet.generate().save(signing)
    master.write_text(Keyring.generate().to_json())
    issuers.write_text("[]")
    return Settings(
        environment="test", database_url=database_url("orchestrator"), redis_url=redis_url, master_key_file=master,
        signing_keys=signing, issuers_file=issuers, worker="off", chat_limit_s=0.1,
        # Nobody works at what is accepted here: it may wait for ever.
        rate_factor=1000, queue_patience_s=1e9,
        email_addresses=("support@shop.example",), email_webhook_secret=SecretStr("whsec_" + "QUFB" * 10),
    )  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(api_settings: Settings) -> AsyncIterator[Api]:
    """One API for the tests of a module; each test begins conversations of its own."""
    shops = (
        TestIssuer.create(), TestIssuer.create("other-shop"), TestIssuer.create("staff-door", staff_of="orchestrator"),
    )  # fmt: skip
    app = build(api_settings, kit_factory=lambda told: open_kit(told, issuers=[shop.trust for shop in shops]))
    connection = await asyncpg.connect(api_settings.database_url)
    try:
        async with running(app) as client:
            yield Api(app, client, connection, *shops)
    finally:
        await connection.close()
