"""The access token of Shopify's client credentials grant: it lives 24 hours, and one caller renews it for all.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/client-credentials-grant
"""

import asyncio
from collections.abc import Mapping

from pydantic import SecretStr

from servicekit.clock import Clock
from servicekit.http.client import HttpPort
from servicekit.http.remote import FixedHeaders, RemoteApi, RemoteFailure

_PATH = "/admin/oauth/access_token"
#: A token is renewed this long before its end, so that none ends on its way.
_MARGIN_S = 300.0
#: A token that was refused although it is younger than this was not the one that our caller had sent.
_YOUNG_S = 10.0


class ClientCredentials:
    """An `Authority`. However many calls wait for a token, one of them fetches it."""

    def __init__(
        self, base_url: str, http: HttpPort, client_id: str, secret: SecretStr, clock: Clock, *, timeout_s: float
    ) -> None:
        self._api = RemoteApi("shopify", base_url, http, FixedHeaders({}), timeout_s)
        self._client_id, self._secret, self._clock = client_id, secret, clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._fetched_at = self._ends_at = float("-inf")

    async def headers(self, *, renewed: bool) -> Mapping[str, str] | None:
        """The header with a token that is good for minutes at least. Raises RemoteFailure when none can be had."""
        if renewed or not self._is_good():
            async with self._lock:
                refused = renewed and self._clock.monotonic() - self._fetched_at >= _YOUNG_S
                if refused or not self._is_good():
                    await self._fetch()
        return {"x-shopify-access-token": self._token}

    def _is_good(self) -> bool:
        return self._clock.monotonic() < self._ends_at - _MARGIN_S

    async def _fetch(self) -> None:
        credentials = {
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
            "grant_type": "client_credentials",
        }
        now = self._clock.monotonic()
        try:
            answer = await self._api.call("POST", _PATH, body=credentials)
            token, life_s = str(answer.body["access_token"]), float(answer.body["expires_in"])
        except RemoteFailure as failure:
            if failure.kind == "rejected":
                # 400: not our client id, or not installed in this shop. Nothing that a customer could mend.
                raise RemoteFailure("shopify", "unauthorised", status=failure.status) from None
            raise
        except (KeyError, TypeError, ValueError):
            raise RemoteFailure("shopify", "garbage") from None
        self._token, self._fetched_at, self._ends_at = token, now, now + life_s
