"""A tool service as its tests see it: the app in process, its database, and calls with real tokens and grants."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from contracts import headers
from contracts.privacy import PRIVACY_SCOPE
from contracts.registry import AnyContract
from servicekit.app import KitFactory
from servicekit.auth.claims import Role
from servicekit.context import Kit
from servicekit.crypto import Keyring
from servicekit.kit import open_kit
from servicekit.limiter import RateLimiter
from servicekit.sealing.subjects import SubjectKeys
from servicekit.sealing.tables import PersonalTable
from servicekit.settings import ServiceSettings
from servicekit.testing.clock import FakeClock
from servicekit.testing.http import running
from servicekit.testing.issuer import CONVERSATION, TURN, TestIssuer


@dataclass(frozen=True, slots=True)
class As:
    """Whose token a call carries; by default the demo customer's, with the contract's own scope."""

    subject: str = "cust_ada"
    role: Role = Role.CUSTOMER
    scopes: Iterable[str] | None = None
    audience: str | None = None
    conversation_id: str | None = CONVERSATION
    proven_email: str | None = None
    email: str | None = None


ADA = As()
GUEST = As(subject="guest_7f3a", role=Role.GUEST)
#: A guest who has proven the demo customer's address, and is not signed in.
PROVEN = As(subject="guest_7f3a", role=Role.GUEST, proven_email="ada@example.com")


@dataclass(slots=True)
class ToolClient:
    """Calls to one running service. Each call that needs an idempotency key gets a new one unless `key` is given."""

    app: FastAPI
    http: httpx.AsyncClient
    issuer: TestIssuer
    clock: FakeClock

    @property
    def kit(self) -> Kit:
        """What the running service holds."""
        kit: Kit = self.app.state.kit
        return kit

    def headers_for(self, contract: AnyContract, who: As = ADA) -> dict[str, str]:
        """The Authorization header for one call."""
        return self.issuer.bearer(
            who.audience or contract.family.value, contract.scope if who.scopes is None else who.scopes,
            subject=who.subject, role=who.role, conversation_id=who.conversation_id,
            proven_email=who.proven_email, email=who.email,
        )  # fmt: skip

    async def call(
        self,
        contract: AnyContract,
        arguments: Mapping[str, Any],
        who: As = ADA,
        *,
        key: str | None = None,
        grant: str | None = None,
    ) -> httpx.Response:
        """`POST /tools/{name}`."""
        sent = self.headers_for(contract, who)
        if contract.is_write:
            sent[headers.IDEMPOTENCY_KEY] = key or secrets.token_hex(8)
        if grant is not None:
            sent[headers.GRANT] = grant
        return await self.http.post(contract.path, json=dict(arguments), headers=sent)

    async def privacy(self, path: str, subject: str = "cust_ada", **changes: Any) -> httpx.Response:
        """`POST /internal/privacy/…` about a person, as the service that answers their requests."""
        token = {"scopes": PRIVACY_SCOPE, "subject": "orchestrator", "role": Role.SERVICE} | changes
        audience = self.kit.settings.service
        return await self.http.post(path, json={"subject": subject}, headers=self.issuer.bearer(audience, **token))

    @property
    def people(self) -> SubjectKeys:
        """The data keys of those whom the service knows."""
        return SubjectKeys(Keyring.load(self.kit.settings.master_key_file or Path()))

    async def opened(self, table: PersonalTable, row_id: str) -> dict[str, Any]:
        """A row of a table, with what is sealed in it in clear."""
        async with self.kit.db.primary() as connection:
            row = await connection.fetchrow(f"SELECT * FROM {table.table} WHERE {table.row_id} = $1", row_id)  # noqa: S608
            if row is None:
                raise AssertionError(f"no {table.kind} {row_id}")
            name = row[table.subject] if table.hashed else self.people.name(row[table.subject])
            return dict(row) | table.opened(row, await self.people.opener(connection, name))

    async def preview(self, contract: AnyContract, arguments: Mapping[str, Any], who: As = ADA) -> httpx.Response:
        """`POST /tools/{name}/preview`."""
        return await self.http.post(
            contract.preview_path, json=dict(arguments), headers=self.headers_for(contract, who)
        )

    async def confirm(self, contract: AnyContract, arguments: Mapping[str, Any], who: As = ADA) -> str:
        """The grant for what a preview shows now: what the orchestrator mints when the customer says yes."""
        preview = await self.preview(contract, arguments, who)
        if preview.status_code != 200:
            raise AssertionError(preview.text)
        return self.grant(contract, preview.json()["digest"], who)

    def grant(self, contract: AnyContract, digest: str, who: As = ADA) -> str:
        """A grant for the effect `digest`, in the turn of the caller's token."""
        return self.issuer.grant(
            contract.family.value, contract.name, digest, subject=who.subject,
            conversation_id=who.conversation_id or CONVERSATION, turn_id=TURN,
        )  # fmt: skip


@asynccontextmanager
async def tool_service(build: Callable[[KitFactory], FastAPI], clock: FakeClock) -> AsyncIterator[ToolClient]:
    """Runs the app that `build` makes with a kit of its own: real database, own issuer, a clock that stands still."""
    issuer = TestIssuer.create(clock=clock)
    app = build(kit_with(issuer, clock))
    async with running(app) as client:
        yield ToolClient(app, client, issuer, clock)


def kit_with(issuer: TestIssuer, clock: FakeClock | None = None) -> KitFactory:
    """The kit of a service that believes `issuer`. It counts rate limits by itself: tests share one Redis."""

    @asynccontextmanager
    async def factory(settings: ServiceSettings) -> AsyncIterator[Kit]:
        async with open_kit(settings, issuers=[issuer.trust], clock=clock) as kit:
            kit.limiter = RateLimiter.in_memory(kit.metrics)
            yield kit

    return factory
