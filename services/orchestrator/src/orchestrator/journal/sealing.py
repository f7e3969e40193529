"""Sealing of a conversation's content with its own data key: destroying the key erases the person (GUARD-6)."""

import secrets
from dataclasses import dataclass, field

from servicekit.crypto import MasterKeys, open_sealed, seal

DATA_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens one conversation's content. `purpose` keeps one kind of content from passing for another."""

    conversation_id: str
    key: bytes = field(repr=False)

    def seal(self, purpose: str, plaintext: bytes) -> bytes:
        """The sealed bytes of `plaintext`."""
        return seal(self.key, plaintext, self._aad(purpose))

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """The plaintext; raises when the bytes were changed or belong elsewhere."""
        return open_sealed(self.key, sealed, self._aad(purpose))

    def _aad(self, purpose: str) -> bytes:
        return f"{self.conversation_id}|{purpose}".encode()


def new_sealer(keyring: MasterKeys, conversation_id: str) -> tuple[Sealer, str, bytes]:
    """A sealer with a fresh data key, the id of the master key that wraps it, and the wrapped key."""
    key = secrets.token_bytes(DATA_KEY_BYTES)
    return Sealer(conversation_id, key), *keyring.wrap(key, conversation_id.encode())


def open_sealer(keyring: MasterKeys, conversation_id: str, key_id: str, wrapped: bytes) -> Sealer:
    """The sealer of a stored conversation; raises KeyUnavailable when the master key is not there."""
    return Sealer(conversation_id, keyring.unwrap_key(key_id, wrapped, conversation_id.encode()))
