"""Ed25519 keys that sign our tokens: one signs now, the next is already published, older ones still verify."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ALGORITHM = "EdDSA"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One private key and its id."""

    kid: str
    private: Ed25519PrivateKey

    @classmethod
    def generate(cls, kid: str | None = None) -> "SigningKey":
        """A new key; without `kid` it gets a random one."""
        return cls(kid or f"k-{secrets.token_hex(6)}", Ed25519PrivateKey.generate())

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> "SigningKey":
        """The key of a private JWK; raises ValueError when it is no Ed25519 key."""
        if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or "d" not in jwk or not jwk.get("kid"):
            raise ValueError("not a private Ed25519 JWK with a kid")
        return cls(str(jwk["kid"]), Ed25519PrivateKey.from_private_bytes(_decode(jwk["d"])))

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Reads a private JWK file."""
        return cls.from_jwk(json.loads(path.read_text(encoding="utf-8")))

    def save(self, path: Path) -> None:
        """Writes a private JWK file that only its owner can read."""
        write_private(path, self.private_jwk())

    def private_jwk(self) -> dict[str, str]:
        """The private JWK: a secret."""
        raw = self.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return {**self.public_jwk(), "d": _encode(raw)}

    def public_jwk(self) -> dict[str, str]:
        """The public JWK, as it stands in a JWKS."""
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": ALGORITHM, "kid": self.kid, "x": _encode(raw)}


@dataclass(frozen=True, slots=True)
class KeySet:
    """The key that signs, and others that are published with it: the next one, and those just retired.

    A next key is published before it signs, so a verifier that fetches at most every 10 s never meets a stranger.
    """

    active: SigningKey
    others: tuple[SigningKey, ...] = ()
    next: SigningKey | None = None

    @classmethod
    def generate(cls) -> "KeySet":
        """A fresh active key and its successor."""
        return cls(active=SigningKey.generate(), next=SigningKey.generate())

    @classmethod
    def load(cls, path: Path) -> "KeySet":
        """Reads a file (`save`'s format, or one private JWK) or a folder of private JWK files `<kid>.json`.

        In a folder the file `active` names the kid that signs; without it the last file by name does.
        """
        if path.is_dir():
            keys = {key.kid: key for key in (SigningKey.load(file) for file in sorted(path.glob("*.json")))}
            if not keys:
                raise ValueError("no key files in the folder")
            named = path / "active"
            active = named.read_text(encoding="utf-8").strip() if named.is_file() else list(keys)[-1]
            return cls(active=keys.pop(active), others=tuple(keys.values()))
        content = json.loads(path.read_text(encoding="utf-8"))
        if "keys" not in content:
            return cls(active=SigningKey.from_jwk(content))
        keys = {key["kid"]: SigningKey.from_jwk(key) for key in content["keys"]}
        active_key = keys.pop(content["active"])
        return cls(active=active_key, next=keys.pop(content.get("next") or "", None), others=tuple(keys.values()))

    def save(self, path: Path) -> None:
        """Writes all keys into one file that only its owner can read."""
        content = {"active": self.active.kid, "keys": [key.private_jwk() for key in self._all()]}
        write_private(path, {**content, "next": self.next.kid} if self.next else content)

    def rotate(self, *, keep: int = 2) -> "KeySet":
        """The set after a rotation: the next key signs, a new next one is published, the last `keep` still verify."""
        return KeySet(
            active=self.next or SigningKey.generate(),
            others=(self.active, *self.others)[:keep],
            next=SigningKey.generate(),
        )

    def jwks(self) -> dict[str, Any]:
        """The public keys, for `/.well-known/jwks.json`."""
        return {"keys": [key.public_jwk() for key in self._all()]}

    def _all(self) -> tuple[SigningKey, ...]:
        return (self.active, *((self.next,) if self.next else ()), *self.others)


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Writes JSON with mode 0600, in one step: a reader sees the old or the new file, never a half."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    partial.replace(path)
