"""The key to Zendesk: access tokens by OAuth's client credentials, which Zendesk asks servers to use.

`POST /oauth/tokens` gives a token that expires. There is no refresh token to keep: the next token is asked for in the
same way, so nothing secret has to be stored, and replicas do not take each other's token away.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from servicekit.clock import Clock
from servicekit.http.remote import RemoteApi, RemoteFailure

#: A token is replaced this long before its end: a call under way must not outlive it.
_MARGIN_S = 60.0


@dataclass(frozen=True, slots=True)
class _Token:
    number: int
    headers: Mapping[str, str]
    until: float | None  # monotonic seconds; None: it says nothing of an end


class ClientCredentials:
    """An `Authority`. Any number of calls that need a new token at once ask for one, together."""

    def __init__(self, api: RemoteApi, client_id: str, client_secret: str, scope: str, clock: Clock) -> None:
        self._api = api
        self._asked = {
            "grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret, "scope": scope,
        }  # fmt: skip
        self._clock = clock
        self._token: _Token | None = None
        self._renewal: asyncio.Task[_Token] | None = None
        #: Which token a call was given, so that a refusal of an old one does not replace a new one.
        self._given: WeakKeyDictionary[asyncio.Task[object], int] = WeakKeyDictionary()

    async def headers(self, *, renewed: bool) -> Mapping[str, str]:
        """The bearer header. Raises RemoteFailure when no token is given to us."""
        call, token = asyncio.current_task(), self._token
        refused = renewed and token is not None and call is not None and self._given.get(call) == token.number
        if token is None or refused or self._is_ending(token):
            token = await self._renew()
        if call is not None:
            self._given[call] = token.number
        return token.headers

    def _is_ending(self, token: _Token) -> bool:
        return token.until is not None and self._clock.monotonic() >= token.until

    async def _renew(self) -> _Token:
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._fetch())
            self._renewal.add_done_callback(self._renewed)
        # A caller that gives up must not take the token from those who wait with it.
        return await asyncio.shield(self._renewal)

    def _renewed(self, renewal: asyncio.Task[_Token]) -> None:
        self._renewal = None
        if not renewal.cancelled() and renewal.exception() is None:
            self._token = renewal.result()

    async def _fetch(self) -> _Token:
        answer = (await self._api.call("POST", "/oauth/tokens", body=self._asked)).body
        access = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(access, str) or not access.isascii() or not access.isprintable() or not access:
            raise RemoteFailure(self._api.system, "garbage")
        lasts = answer.get("expires_in")
        until = self._clock.monotonic() + max(0.0, lasts - _MARGIN_S) if isinstance(lasts, int | float) else None
        return _Token(self._token.number + 1 if self._token else 1, {"authorization": f"Bearer {access}"}, until)
