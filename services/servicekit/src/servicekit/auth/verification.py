"""Verifies tokens: issuer, algorithm, signature, audience, type, life of at most five minutes.

Everything about a token that is not exactly right is one of two problems: UNAUTHENTICATED or TOKEN_EXPIRED.
"""

import base64
import binascii
import math
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt
import orjson

from contracts.errors import ProblemCode
from servicekit.auth.claims import (
    ACCESS_TYPES,
    LEEWAY_S,
    MAX_LIFE_S,
    Caller,
    caller_from_claims,
    text,
    unauthenticated,
)
from servicekit.auth.issuers import Issuer
from servicekit.auth.keysources import Key, KeySource, key_source
from servicekit.clock import Clock
from servicekit.errors import ProblemError
from servicekit.http.client import HttpPort
from servicekit.http.httpx_client import HttpxClient

MAX_TOKEN_CHARS = 8192
CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class _Known:
    """Whose token it is, and what it was verified with."""

    caller: Caller
    source: KeySource
    kid: str
    key: Key


class TokenVerifier:
    """Verifies tokens for one audience. `http` fetches JWKS (a pooled client of its own by default)."""

    def __init__(self, issuers: Sequence[Issuer], audience: str, clock: Clock, *, http: HttpPort | None = None) -> None:
        self.audience = audience
        self._clock = clock
        self._http: HttpPort = http or HttpxClient()
        self._issuers: dict[str, tuple[Issuer, KeySource]] = {
            issuer.iss: (issuer, key_source(issuer, self._http, clock)) for issuer in issuers
        }
        self._jws = jwt.PyJWS()
        self._cache: OrderedDict[str, _Known] = OrderedDict()

    async def verify(self, token: str) -> Caller:
        """The caller of an access token. Raises ProblemError(UNAUTHENTICATED | TOKEN_EXPIRED)."""
        cached = self._cache.get(token)
        if cached is not None:
            if self._clock.now().timestamp() > cached.caller.expires_at + LEEWAY_S:
                del self._cache[token]
                raise _expired()
            # A key that was taken back takes back what it has signed, also what we have seen before.
            if await cached.source.key(cached.kid) is cached.key:
                self._cache.move_to_end(token)
                return cached.caller
        claims, signed = await self._verified(token, types=ACCESS_TYPES, audience=self.audience)
        issuer, _ = self._issuers[claims["iss"]]
        caller = caller_from_claims(claims, issuer.staff_of)
        self._cache[token] = _Known(caller, *signed)
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return caller

    async def verified_claims(self, token: str, *, types: Collection[str], audience: str) -> Mapping[str, Any]:
        """The claims of a token of one of `types` (header `typ`, lower case) for `audience`, fully verified but for
        what only some tokens have. Raises as `verify` does.
        """
        claims, _ = await self._verified(token, types=types, audience=audience)
        return claims

    async def _verified(
        self, token: str, *, types: Collection[str], audience: str
    ) -> tuple[Mapping[str, Any], tuple[KeySource, str, Key]]:
        """The claims, and what they were verified with."""
        header, claims = _peek(token)
        if str(header.get("typ", "jwt")).lower() not in types:
            raise unauthenticated("The token is of another type.")
        known = self._issuers.get(text(claims, "iss"))
        if known is None:
            raise unauthenticated("The token is from an issuer that is not known here.")
        issuer, source = known
        kid, algorithm = header.get("kid", ""), header.get("alg")
        if algorithm not in issuer.algorithms or not isinstance(kid, str) or "crit" in header:
            raise unauthenticated("The token is signed in a way that is not accepted.")
        key = await source.key(kid)
        if key is None:
            raise unauthenticated("The token is signed with a key that is not known.")
        try:
            self._jws.decode_complete(token, key, algorithms=[algorithm])
        except jwt.exceptions.PyJWTError as error:
            raise unauthenticated("The token's signature is not valid.") from error
        self._check_audience(claims, audience)
        self._check_times(claims)
        return claims, (source, kid, key)

    async def close(self) -> None:
        """Closes the client that fetches keys."""
        await self._http.close()

    @staticmethod
    def _check_audience(claims: Mapping[str, Any], audience: str) -> None:
        given = claims.get("aud")
        if given != audience and not (isinstance(given, list) and audience in given):
            raise unauthenticated("The token is for another audience.")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        expires, issued = _number(claims, "exp"), _number(claims, "iat")
        starts = _number(claims, "nbf") if "nbf" in claims else issued
        if now > expires + LEEWAY_S:
            raise _expired()
        if issued > now + LEEWAY_S or starts > now + LEEWAY_S:
            raise unauthenticated("The token is not valid yet.")
        if not 0 < expires - issued <= MAX_LIFE_S:
            raise unauthenticated("The token lives longer than five minutes.")


def _expired() -> ProblemError:
    return ProblemError(ProblemCode.TOKEN_EXPIRED, "The token has expired.")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise unauthenticated(f"The token has no usable claim {name!r}.")
    return float(value)


def _peek(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, not yet verified."""
    parts = token.split(".")
    if len(token) > MAX_TOKEN_CHARS or len(parts) != 3:
        raise unauthenticated("The token is malformed.")
    try:
        header, claims = (orjson.loads(content) for content in map(_decoded, parts[:2]))
        _decoded(parts[2])
    except (ValueError, binascii.Error) as error:
        raise unauthenticated("The token is malformed.") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise unauthenticated("The token is malformed.")
    return header, claims


def _decoded(part: str) -> bytes:
    """The bytes of a part. Raises ValueError when they were not written in the one way that RFC 7515 knows: a token
    that was changed is another token, also where a lenient decoder sees no difference.
    """
    given = part.encode("ascii")
    content = base64.urlsafe_b64decode(given + b"=" * (-len(given) % 4))
    if base64.urlsafe_b64encode(content).rstrip(b"=") != given:
        raise ValueError("not in canonical base64url")
    return content
