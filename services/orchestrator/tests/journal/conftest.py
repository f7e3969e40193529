"""A real database with conversations in it, and the means to write into them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from orchestrator.journal.accept import Incoming, accept_message, begin_at_once, masked
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec
from orchestrator.journal.vaulting import Vaults
from orchestrator.turn.budgets import Budgets
from servicekit.auth.claims import Caller, Role
from servicekit.crypto import Keyring
from servicekit.db.pool import Database
from servicekit.privacy import Finder

ADA = Caller("cust_ada", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0, email="ada@example.com", name="Ada")
BEN = Caller("cust_ben", Role.CUSTOMER, "shop", frozenset({"chat:send"}), 0)


@dataclass
class Office:
    """Accepts messages as the API does, and keeps what was enqueued."""

    database: Database
    conversations: Conversations
    vaults: Vaults
    codec: Codec = field(default_factory=Codec)

    async def enqueued(self) -> list[str]:
        """The turns that have a job, oldest first."""
        async with self.database.primary() as db:
            jobs = await db.fetch("SELECT payload FROM pgqueuer WHERE entrypoint = 'run_turn' ORDER BY id")
        return [job["payload"].decode() for job in jobs]

    async def begin(self, caller: Caller = ADA) -> Conversation:
        async with self.database.transaction() as db:
            conversation_id = await self.conversations.create(db, caller, "web")
        return await self.read(conversation_id, caller)

    async def read(self, conversation_id: str, caller: Caller = ADA) -> Conversation:
        async with self.database.primary() as db:
            return await self.conversations.owned(db, conversation_id, caller)

    async def say(self, conversation_id: str, text: str, client_turn_id: str, caller: Caller = ADA) -> str:
        incoming = Incoming(text=text, client_turn_id=client_turn_id, request_id="req", at_ms=1_000)
        async with self.database.primary() as db:
            conversation = await self.conversations.owned(db, conversation_id, caller)
            message = masked(incoming, conversation, await self.vaults.opened(db, conversation))
            begun = await begin_at_once(db, conversation, message, Budgets(), self.codec)
        if begun is not None:
            return begun.turn_id
        async with self.database.transaction() as db:
            conversation = await self.conversations.owned(db, conversation_id, caller, lock=True)
            return (await accept_message(db, conversation, message, Budgets(), self.codec)).turn_id


@pytest.fixture
async def office(database_url: Callable[[str], str], finder: Finder) -> AsyncIterator[Office]:
    database = await Database.connect(database_url("orchestrator"), size=12)
    keyring = Keyring.generate()
    yield Office(database, Conversations(keyring, keyring.derive("subject-hash")), Vaults(finder))
    await database.close()
