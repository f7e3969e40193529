"""Whose tokens are believed: an issuer's name, its algorithms, and where its keys come from (exactly one source)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

_ASYMMETRIC = frozenset({"EdDSA", "ES256", "RS256"})
_KEY_TYPES = {"EdDSA": "OKP", "ES256": "EC", "RS256": "RSA"}
MIN_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer. Give one of `jwks_url`, `jwks` (a JWKS dict), or `secret` (HS256; bytes, or bytes by kid to rotate).

    `staff_of` names another issuer: this one signs in its staff, and nobody else.

    Raises ValueError when the algorithms do not fit the key source: a public key can then never serve as a secret.
    """

    iss: str
    algorithms: tuple[str, ...] = ("EdDSA",)
    jwks_url: str | None = None
    jwks: Mapping[str, Any] | None = None
    secret: bytes | Mapping[str, bytes] | None = field(default=None, repr=False)
    staff_of: str | None = None

    def __post_init__(self) -> None:
        sources = [source for source in (self.jwks_url, self.jwks, self.secret) if source is not None]
        if len(sources) != 1:
            raise ValueError(f"issuer {self.iss!r} needs exactly one key source")
        allowed = _ASYMMETRIC if self.secret is None else {"HS256"}
        if not self.algorithms or not set(self.algorithms) <= allowed:
            raise ValueError(f"issuer {self.iss!r} may use {sorted(allowed)} only")
        if self.secret is not None and any(len(secret) < MIN_SECRET_BYTES for secret in self.secrets.values()):
            raise ValueError(f"issuer {self.iss!r} needs a secret of at least {MIN_SECRET_BYTES} bytes")

    @property
    def secrets(self) -> Mapping[str, bytes]:
        """The shared secrets by kid; a single secret has the kid ""."""
        if self.secret is None:
            return {}
        return {"": self.secret} if isinstance(self.secret, bytes) else self.secret


def parse_jwks(document: Mapping[str, Any], algorithms: tuple[str, ...]) -> dict[str, jwt.PyJWK]:
    """The usable public keys of a JWKS by kid; keys of other types, or meant for other things, are left out."""
    found: dict[str, jwt.PyJWK] = {}
    entries = document.get("keys")
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not entry.get("kid") or entry.get("use", "sig") != "sig":
            continue
        algorithm = entry.get("alg") or next((a for a in algorithms if _KEY_TYPES[a] == entry.get("kty")), None)
        if algorithm not in algorithms or _KEY_TYPES[algorithm] != entry.get("kty"):
            continue
        try:
            found[str(entry["kid"])] = jwt.PyJWK(entry, algorithm)
        except (jwt.exceptions.PyJWTError, ValueError, KeyError, TypeError):
            continue
    return found
