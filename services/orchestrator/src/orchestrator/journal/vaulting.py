"""The vault of a conversation in Postgres: each value sealed with the conversation's own key, under its token."""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from orchestrator.guard.vault import Held, Vault
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.sealing import Sealer
from servicekit.db.arrays import byte_texts
from servicekit.db.pool import Connection
from servicekit.privacy import Finder

_READ = "SELECT token, sealed FROM vault WHERE conversation_id = $1"


@dataclass(frozen=True, slots=True)
class Vaults:
    """Makes the vaults of conversations."""

    finder: Finder

    def of(self, conversation: Conversation, held: Iterable[Held] = ()) -> Vault:
        """A vault that makes the conversation's tokens, and knows the values in `held` only."""
        key = hmac.digest(conversation.sealer.key, b"aiguy/vault-tokens", "sha256")
        name = conversation.identity.name
        vault = Vault(key, self.finder, (name,) if name else ())
        vault.learn(held)
        return vault

    async def opened(self, db: Connection, conversation: Conversation) -> Vault:
        """The conversation's vault with all that it holds."""
        return self.of(conversation, await held_values(db, conversation))


async def held_values(db: Connection, conversation: Conversation) -> list[Held]:
    """All values of a conversation. Raises SealError when one does not open."""
    rows = await db.fetch(_READ, conversation.id)
    return opened_values(conversation.sealer, ((row["token"], row["sealed"]) for row in rows))


def opened_values(sealer: Sealer, stored: Iterable[tuple[str, bytes]]) -> list[Held]:
    """Values from their tokens and what is sealed under them. Raises SealError when one does not open."""
    return [_opened(sealer, token, sealed) for token, sealed in stored]


def vault_columns(sealer: Sealer, held: Sequence[Held]) -> tuple[list[str], list[str]]:
    """Tokens and sealed values, as the statements of the SQL function `vault_keep` take them."""
    return [one.token for one in held], byte_texts(_sealed(sealer, one) for one in held)


def _sealed(sealer: Sealer, held: Held) -> bytes:
    return sealer.seal(_purpose(held.token), orjson.dumps([held.kind, held.value]))


def _opened(sealer: Sealer, token: str, sealed: bytes) -> Held:
    kind, value = orjson.loads(sealer.open(_purpose(token), sealed))
    return Held(token, kind, value)


def _purpose(token: str) -> str:
    return f"vault|{token}"
