"""Sites whose staff answer customers, on a real Postgres, which dates the rows; the clock of the looks is ours."""

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.ids import new_id
from contracts.turn import Answering
from orchestrator.gaps.noticing import Gap, GapReason
from orchestrator.gaps.policy import load_gap_policy
from orchestrator.gaps.store import keep
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.staff import StaffMessage, say
from orchestrator.journal.vaulting import Vaults, vault_columns
from orchestrator.macros.listing import Reader, Suggestion
from orchestrator.macros.looking import Looking
from orchestrator.macros.policy import load_macro_policy
from servicekit.auth.claims import Caller, Role
from servicekit.crypto import Keyring
from servicekit.db.pool import Database
from servicekit.embedding import QuickEmbedder
from servicekit.language import LanguageDetector
from servicekit.privacy import Finder
from servicekit.testing import FakeClock

_numbers = itertools.count(1)
_SAY = (
    "WITH kept AS (SELECT vault_keep($1, $3, $4::text[]::bytea[]))"
    " INSERT INTO thread (conversation_id, role, content) SELECT $1, 'customer', $2 FROM kept"
)
_DISLIKE = (
    "WITH turn AS (INSERT INTO turns (id, conversation_id, ordinal, status) VALUES ($1, $2, 1, 'ended') RETURNING id),"
    " said AS (UPDATE thread SET turn_id = $1 WHERE conversation_id = $2)"
    " INSERT INTO feedback (conversation_id, turn_id, thumbs) SELECT $2, id, -1 FROM turn"
)


@dataclass
class Site:
    """A site of its own for each test."""

    name: str
    looking: Looking
    reader: Reader
    clock: FakeClock

    @property
    def database(self) -> Database:
        return self.looking.database

    async def answered(
        self, question: str, text: str, subject: str = "", *, name: str | None = None,
        asked_before: tuple[str, ...] = (), disliked: bool = False,
    ) -> Conversation:  # fmt: skip
        """A conversation in which staff said this to this; `disliked`: after a thumb down for the answer before."""
        number = next(_numbers)
        caller = Caller(
            subject or f"cust_{number}", Role.CUSTOMER, self.name, frozenset(), 0, email=f"c{number}@example.com",
            name=name,
        )  # fmt: skip
        async with self.database.transaction() as db:
            conversations = self.reader.conversations
            conversation = await conversations.owned(db, await conversations.create(db, caller, "web"), caller)
            vault = self.reader.vaults.of(conversation)
            for said in (*asked_before, question):
                content = conversation.sealer.seal("thread", vault.mask(said).encode())
                held = vault_columns(conversation.sealer, vault.take_fresh())
                await db.execute(_SAY, conversation.id, content, *held)
            if disliked:
                await db.execute(_DISLIKE, new_id("trn"), conversation.id)
            await db.execute("UPDATE conversations SET answering = 'staff' WHERE id = $1", conversation.id)
            conversation = replace(conversation, answering=Answering.STAFF)
            await say(db, conversation, vault, StaffMessage(f"m{number}", text, "kim"))
        return conversation

    async def asked_in_vain(self, question: str) -> None:
        """A question that the knowledge base did not answer, and nobody else."""
        caller = Caller(f"cust_{next(_numbers)}", Role.CUSTOMER, self.name, frozenset(), 0)
        turn_id, gap = new_id("trn"), Gap(question, GapReason.NOT_ANSWERABLE, 0.1, 0.1, 0.1, "", "")
        async with self.database.transaction() as db:
            conversations = self.reader.conversations
            conversation = await conversations.owned(db, await conversations.create(db, caller, "web"), caller)
            await db.execute(
                "INSERT INTO turns (id, conversation_id, ordinal, status) VALUES ($1, $2, 1, 'ended')", turn_id,
                conversation.id,
            )  # fmt: skip
            await keep(db, conversation, turn_id, gap)

    async def suggestions(self) -> list[Suggestion]:
        async with self.database.primary() as db:
            return await self.reader.suggestions(db, self.name, self.looking.policy.fewest)

    async def fetch(self, statement: str, *values: Any) -> Any:
        async with self.database.primary() as db:
            return await db.fetchval(statement, *values)


@pytest.fixture(scope="session")
def languages() -> LanguageDetector:
    return LanguageDetector.load()


@pytest.fixture(scope="session")
def embedder() -> QuickEmbedder:
    return QuickEmbedder.load()


@pytest.fixture
async def site(
    database_url: Callable[[str], str], finder: Finder, languages: LanguageDetector, embedder: QuickEmbedder
) -> AsyncIterator[Site]:
    database, keyring = await Database.connect(database_url("orchestrator"), size=4), Keyring.generate()
    clock = FakeClock(datetime.now(UTC))
    looking = Looking(database, keyring, clock, embedder, languages, load_macro_policy(), load_gap_policy())
    reader = Reader(Conversations(keyring, keyring.derive("subject-hash")), Vaults(finder))
    yield Site(f"shop-{next(_numbers)}", looking, reader, clock)
    await database.close()
