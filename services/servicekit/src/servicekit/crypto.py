"""Encryption at rest and signed links. Data keys are wrapped by master keys that rotate; destroying a data key erases.

AES-256-GCM everywhere; a blob is 1 version byte, 12 bytes nonce, then ciphertext and tag.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE_BYTES = 12


class SealError(ValueError):
    """A sealed value was changed, is for something else, or its key is not known."""


class KeyUnavailable(SealError):
    """The master key is not there: what it seals cannot be read now, and can be once the key is back."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the master key {key_id!r} is not known")
        self.key_id = key_id


class MasterKeys(Protocol):
    """What wraps data keys: a `Keyring`, or a file of one that may change while a service runs."""

    def wrap(self, key: bytes, aad: bytes) -> tuple[str, bytes]:
        """The id of the active master key, and `key` (32 bytes) wrapped under it, bound to `aad`."""
        ...

    def unwrap_key(self, key_id: str, wrapped: bytes, aad: bytes = b"") -> bytes:
        """The data key. Raises KeyUnavailable without the master key, SealError when anything was changed."""
        ...

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose; the same after any rotation."""
        ...


def new_key() -> bytes:
    """A random 32-byte key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """`plaintext` encrypted under `key` (32 bytes); it opens only with the same `aad`, what it belongs to."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, _VERSION + aad)


def open_sealed(key: bytes, blob: bytes, aad: bytes) -> bytes:
    """What was sealed. Raises SealError (a ValueError) on any change of key, blob or `aad`."""
    if len(blob) < 1 + _NONCE_BYTES + 16 or blob[:1] != _VERSION:
        raise SealError("not a sealed value")
    try:
        return AESGCM(key).decrypt(blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :], _VERSION + aad)
    except InvalidTag:
        raise SealError("the sealed value does not open") from None


class Keyring:
    """Master keys by id; `active` wraps new data keys, others still unwrap. `root` never rotates: hashes rest on it.

    File: {"active": "k1", "keys": {"k1": "<base64 of 32 bytes>"}, "root": "<base64 of 32 bytes>"}; without `root`, the
    first key of the file takes its place, so keep that one first.
    """

    def __init__(self, active: str, keys: Mapping[str, bytes], root: bytes | None = None) -> None:
        if active not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("the active key must be among the keys, and each has 32 bytes")
        self.active = active
        self._keys = dict(keys)
        self._root = root if root is not None else next(iter(self._keys.values()))
        if len(self._root) != KEY_BYTES:
            raise ValueError("the root has 32 bytes")

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Reads the file; raises ValueError when it is not of that form."""
        content = json.loads(path.read_text(encoding="utf-8"))
        try:
            keys = {name: base64.b64decode(key, validate=True) for name, key in content["keys"].items()}
            root = base64.b64decode(content["root"], validate=True) if "root" in content else None
            return cls(content["active"], keys, root)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a key file") from error

    @classmethod
    def generate(cls) -> "Keyring":
        """One fresh key, and a fresh root."""
        return cls("k1", {"k1": new_key()}, new_key())

    def rotated(self, name: str) -> "Keyring":
        """The same with a fresh key `name` that is active from now on."""
        if name in self._keys:
            raise ValueError(f"there is a key {name!r} already")
        return Keyring(name, {**self._keys, name: new_key()}, self._root)

    def to_json(self) -> str:
        """The file's content: a secret."""
        keys = {name: base64.b64encode(key).decode() for name, key in self._keys.items()}
        return json.dumps({"active": self.active, "keys": keys, "root": base64.b64encode(self._root).decode()})

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the keys, in the order of the file."""
        return tuple(self._keys)

    def same_root(self, other: "Keyring") -> bool:
        """Whether hashes made with one are found with the other."""
        return hmac.compare_digest(self._root, other._root)

    def retired(self, name: str) -> "Keyring":
        """The same without the key `name`. Raises ValueError when it is the active one, or not there."""
        if name not in self._keys:
            raise ValueError(f"there is no key {name!r}")
        return Keyring(self.active, {key: value for key, value in self._keys.items() if key != name}, self._root)

    def wrap(self, key: bytes, aad: bytes) -> tuple[str, bytes]:
        """See `MasterKeys.wrap`."""
        return self.active, self.wrap_key(key, aad)

    def wrap_key(self, key: bytes, aad: bytes = b"") -> bytes:
        """A data key, sealed under the active master key; store `active` beside it."""
        return seal(self._keys[self.active], key, b"wrap\x00" + aad)

    def unwrap_key(self, key_id: str, wrapped: bytes, aad: bytes = b"") -> bytes:
        """See `MasterKeys.unwrap_key`."""
        master = self._keys.get(key_id)
        if master is None:
            raise KeyUnavailable(key_id)
        return open_sealed(master, wrapped, b"wrap\x00" + aad)

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256 of the root); the same after any rotation."""
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"aiguy/" + purpose.encode()).derive(
            self._root
        )


def sign_link(secret: bytes, path: str, expires_at: int) -> str:
    """The signature of a link to `path` that is good until `expires_at` (Unix seconds): 43 URL-safe characters."""
    digest = hmac.new(secret, f"link\n{expires_at}\n{path}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify_link(secret: bytes, path: str, expires_at: int, signature: str, now: float) -> bool:
    """Whether the signature is right and the link not yet over (`now` in Unix seconds)."""
    right = hmac.compare_digest(sign_link(secret, path, expires_at).encode(), signature.encode())
    return right and now < expires_at


def hash_subject(secret: bytes, sub: str) -> str:
    """A stable pseudonym of a subject (64 hex digits); without `secret` it cannot be tried out."""
    return hmac.new(secret, b"subject\n" + sub.encode(), hashlib.sha256).hexdigest()
