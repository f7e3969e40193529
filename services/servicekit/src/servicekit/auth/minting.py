"""Makes our own tokens: short-lived, for one audience, with narrow scopes."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import jwt

from servicekit.auth.claims import GRANT_TYPE, MAX_LIFE_S, Role
from servicekit.auth.keys import ALGORITHM, KeySet
from servicekit.clock import Clock


class TokenMinter:
    """Signs tokens as `issuer` with the active key. Assign `keys` to rotate without a restart."""

    def __init__(self, keys: KeySet, issuer: str, clock: Clock) -> None:
        self.keys = keys
        self.issuer = issuer
        self._clock = clock

    def mint(
        self,
        *,
        audience: str,
        subject: str,
        role: Role,
        scopes: Iterable[str],
        ttl_s: int = 60,
        actor: str | None = None,
        conversation_id: str | None = None,
        turn_id: str | None = None,
        email: str | None = None,
        name: str | None = None,
        proven_email: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        """An access token for `ttl_s` seconds (at most 300). `extra` adds claims, it replaces no standard one."""
        optional = {
            "act": actor, "cnv": conversation_id, "trn": turn_id, "email": email, "name": name,
            "proven_email": proven_email,
        }  # fmt: skip
        claims: dict[str, Any] = {
            **(extra or {}),
            **{key: value for key, value in optional.items() if value is not None},
            "role": role.value,
            "scope": " ".join(scopes),
        }
        return self._sign("at+jwt", audience, subject, claims, ttl_s)

    def mint_typed_grant(self, *, audience: str, subject: str, claims: Mapping[str, Any], ttl_s: int) -> str:
        """The signed form of a grant; use `servicekit.auth.grants.mint_grant`."""
        return self._sign(GRANT_TYPE, audience, subject, claims, ttl_s)

    def _sign(self, kind: str, audience: str, subject: str, claims: Mapping[str, Any], ttl_s: int) -> str:
        if not 0 < ttl_s <= MAX_LIFE_S:
            raise ValueError(f"a token lives 1 to {MAX_LIFE_S} seconds")
        issued = int(self._clock.now().timestamp())
        standard = {
            "iss": self.issuer, "aud": audience, "sub": subject, "iat": issued, "exp": issued + ttl_s,
            "jti": secrets.token_urlsafe(12),
        }  # fmt: skip
        key = self.keys.active
        return jwt.encode({**claims, **standard}, key.private, ALGORITHM, {"kid": key.kid, "typ": kind})
