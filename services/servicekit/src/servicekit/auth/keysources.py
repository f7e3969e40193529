"""Where a verifier finds the key for a `kid`. A remote set is fetched at most every 10 s, whatever is thrown at us."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import jwt
import orjson

from contracts.errors import ProblemCode
from servicekit.auth.issuers import Issuer, parse_jwks
from servicekit.clock import Clock
from servicekit.errors import ProblemError
from servicekit.http.client import HttpFailure, HttpPort
from servicekit.logging import get_logger

Key = jwt.PyJWK | bytes
MIN_FETCH_INTERVAL_S = 10.0
REFRESH_AFTER_S = 300.0
_FETCH_TIMEOUT_S = 3.0
#: Without a single key nobody can be let in: the first set is asked for more often.
_EAGER_INTERVAL_S = 1.0
_NO_KEYS = "The keys that tokens are checked with cannot be read right now."


class KeySource(Protocol):
    """The keys of one issuer."""

    async def key(self, kid: str) -> Key | None:
        """The key called `kid`; None when there is none. Raises DEPENDENCY_DOWN when nobody can say by now."""
        ...


class StaticKeys:
    """Keys that are known from the start: a JWKS dict, or shared secrets."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys

    async def key(self, kid: str) -> Key | None:
        """The key called `kid`; a single unnamed secret fits any kid."""
        return self._keys.get(kid) or self._keys.get("")


class RemoteKeys:
    """The keys behind a JWKS URL. A failing fetch keeps the keys that we have; one fetch serves all who wait."""

    def __init__(self, url: str, algorithms: tuple[str, ...], http: HttpPort, clock: Clock) -> None:
        self._url = url
        self._algorithms = algorithms
        self._http = http
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._tried_at = float("-inf")
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Key | None:
        """The key called `kid`; an unknown one causes a fetch when the last is 10 s old. Raises DEPENDENCY_DOWN while
        there was no answer yet at all: the caller may be anybody, so it is neither let in nor told that it is nobody.

        Old sets are renewed beside the work: a key server that hangs holds nobody up whose key is known.
        """
        known = self._keys.get(kid)
        if known is not None:
            stale = self._clock.monotonic() - self._fetched_at > REFRESH_AFTER_S
            if stale and self._may_fetch() and (self._renewal is None or self._renewal.done()):
                self._renewal = asyncio.create_task(self._fetch_once())
            return known
        if self._may_fetch():
            await self._fetch_once()
        elif self._lock.locked():
            async with self._lock:  # somebody is fetching: their answer is ours
                pass
        if not self._keys:
            raise ProblemError(ProblemCode.DEPENDENCY_DOWN, _NO_KEYS, retry_after_s=_EAGER_INTERVAL_S)
        return self._keys.get(kid)

    async def _fetch_once(self) -> None:
        async with self._lock:
            if self._may_fetch():
                await self._fetch()

    def _may_fetch(self) -> bool:
        pause = MIN_FETCH_INTERVAL_S if self._keys else _EAGER_INTERVAL_S
        return self._clock.monotonic() - self._tried_at >= pause

    async def _fetch(self) -> None:
        self._tried_at = self._clock.monotonic()
        try:
            response = await self._http.request("GET", self._url, timeout_s=_FETCH_TIMEOUT_S)
            keys = parse_jwks(orjson.loads(response.body), self._algorithms) if response.status == 200 else {}
        except (HttpFailure, ValueError, AttributeError) as error:
            get_logger().warning("jwks_fetch_failed", reason=type(error).__name__)
            return
        if keys:
            self._keys = keys
            self._fetched_at = self._clock.monotonic()


def key_source(issuer: Issuer, http: HttpPort, clock: Clock) -> KeySource:
    """The key source that `issuer` describes."""
    if issuer.jwks_url is not None:
        return RemoteKeys(issuer.jwks_url, issuer.algorithms, http, clock)
    if issuer.jwks is not None:
        return StaticKeys(parse_jwks(issuer.jwks, issuer.algorithms))
    return StaticKeys(issuer.secrets)
