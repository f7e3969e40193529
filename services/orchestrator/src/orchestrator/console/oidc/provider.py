"""The organisation's OpenID provider: what it says of itself, the exchange of a code, how its tokens are checked."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import jwt
import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.errors import ProblemCode
from servicekit.auth.claims import LEEWAY_S, unauthenticated
from servicekit.auth.issuers import Issuer
from servicekit.auth.keysources import KeySource, key_source
from servicekit.clock import Clock
from servicekit.errors import ProblemError
from servicekit.http.client import HttpFailure, HttpPort

ALGORITHMS = ("RS256", "ES256", "EdDSA")
_TIMEOUT_S = 5.0
_MOST_BYTES = 1024 * 1024
_KNOWN_S = 3600.0
#: Characters: longer addresses are refused by many servers. Without its token the provider asks who leaves.
_MOST_HINT = 6000
_REFUSED = "Your organisation's sign-in was not good. Please try again."
_FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


class Discovered(BaseModel):
    """What the provider says of itself (OpenID Connect Discovery)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """How we are registered there. Without a secret we are a public client, and PKCE alone binds the code to us."""

    issuer: str
    client_id: str
    redirect_uri: str
    signed_out_uri: str
    scope: str
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The verified claims, and the ID token that they are of."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)


class Provider:
    """The provider, over the HTTP port. What it says of itself is asked for once an hour."""

    def __init__(self, client: Client, http: HttpPort, clock: Clock) -> None:
        self.client, self._http, self._clock = client, http, clock
        self._known: tuple[float, Discovered, KeySource] | None = None

    async def address(self, state: str, nonce: str, challenge: str) -> str:
        """Where the browser goes to sign in. Raises DEPENDENCY_DOWN."""
        found, _ = await self._discovered()
        asked = {
            "response_type": "code", "client_id": self.client.client_id, "redirect_uri": self.client.redirect_uri,
            "scope": self.client.scope, "state": state, "nonce": nonce, "code_challenge": challenge,
            "code_challenge_method": "S256",
        }  # fmt: skip
        return _with(found.authorization_endpoint, asked)

    async def sign_out_address(self, id_token: str, state: str) -> str | None:
        """Where the browser goes to sign out there too (RP-Initiated Logout 1.0); None where the provider has no such
        place. Raises DEPENDENCY_DOWN.
        """
        found, _ = await self._discovered()
        if found.end_session_endpoint is None:
            return None
        told = {"client_id": self.client.client_id, "post_logout_redirect_uri": self.client.signed_out_uri}
        hint = {"id_token_hint": id_token} if len(id_token) <= _MOST_HINT else {}
        return _with(found.end_session_endpoint, told | {"state": state} | hint)

    async def signed_in(self, code: str, verifier: str, nonce: str) -> SignedIn:
        """Who has signed in, as the provider says. Raises UNAUTHENTICATED, and DEPENDENCY_DOWN."""
        found, keys = await self._discovered()
        told = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.client.redirect_uri,
            "client_id": self.client.client_id, "code_verifier": verifier,
        }  # fmt: skip
        answer = await self._json("POST", found.token_endpoint, urlencode(told).encode(), self._basic())
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise unauthenticated(_REFUSED)
        return SignedIn(await self._verified(token, keys, nonce), token)

    async def _verified(self, token: str, keys: KeySource, nonce: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = await keys.key(str(header.get("kid", "")))
            if key is None or header.get("alg") not in ALGORITHMS:
                raise unauthenticated(_REFUSED)
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=[header["alg"]], audience=self.client.client_id, issuer=self.client.issuer,
                leeway=LEEWAY_S, options={"require": ["iss", "aud", "exp", "iat", "sub", "nonce"]},
            )  # fmt: skip
        except jwt.exceptions.PyJWTError as error:
            raise unauthenticated(_REFUSED) from error
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        party = claims.get("azp", self.client.client_id if len(audiences) == 1 else None)
        if party != self.client.client_id or not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise unauthenticated(_REFUSED)
        return claims

    async def _discovered(self) -> tuple[Discovered, KeySource]:
        now = self._clock.monotonic()
        if self._known is None or now - self._known[0] > _KNOWN_S:
            place = f"{self.client.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                found = Discovered.model_validate(await self._json("GET", place))
            except ValidationError as error:
                raise _down() from error
            if found.issuer != self.client.issuer or not _safe(found, self.client.issuer):
                raise _down()
            issuer = Issuer(found.issuer, ALGORITHMS, jwks_url=found.jwks_uri)
            self._known = now, found, key_source(issuer, self._http, self._clock)
        return self._known[1], self._known[2]

    async def _json(
        self, method: str, url: str, body: bytes | None = None, more: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Raises UNAUTHENTICATED for what the provider refuses, and DEPENDENCY_DOWN without a proper answer."""
        try:
            answer = await self._http.request(
                method, url, headers={**_FORM, **(more or {})}, body=body, timeout_s=_TIMEOUT_S, max_bytes=_MOST_BYTES
            )
        except HttpFailure as failure:
            raise _down() from failure
        if body is not None and answer.status in (400, 401, 403):
            raise unauthenticated(_REFUSED)
        try:
            told = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise _down() from error
        if answer.status != 200 or not isinstance(told, dict):
            raise _down()
        return told

    def _basic(self) -> dict[str, str]:
        if not self.client.secret:
            return {}
        pair = f"{quote(self.client.client_id, safe='')}:{quote(self.client.secret, safe='')}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _safe(found: Discovered, issuer: str) -> bool:
    """Whoever is spoken to with TLS names no address without it."""
    places = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.end_session_endpoint)
    return not issuer.startswith("https://") or all(one is None or one.startswith("https://") for one in places)


def _with(endpoint: str, query: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def _down() -> ProblemError:
    return ProblemError(ProblemCode.DEPENDENCY_DOWN, "Your organisation's sign-in does not answer.", retry_after_s=30)
