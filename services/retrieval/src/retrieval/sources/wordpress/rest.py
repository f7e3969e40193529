"""WordPress's REST API (wp/v2) as far as it is needed: reading lists, page after page.

https://developer.wordpress.org/rest-api/reference/
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any

from retrieval.sources.port import SourceFailed
from servicekit.http.client import HttpPort
from servicekit.http.remote import FixedHeaders, RemoteAnswer, RemoteApi, RemoteFailure

#: Entries in one answer when only their numbers are asked for, and when their text is: an answer has 8 MB at most.
_NUMBERS_PER_PAGE = 100
_TEXTS_PER_PAGE = 20
_MOST_PAGES = 1000
_TIMEOUT_S = 30.0
_ATTEMPTS = 3
_LONGEST_WAIT_S = 60.0


class NoSuchList(Exception):
    """The site has no list of that kind: a shop without WooCommerce has no products."""


class WordPressApi:
    """The API of one site. `user` and `password` (an application password) are sent when given; reading what is
    published needs none.
    """

    def __init__(self, url: str, http: HttpPort, user: str = "", password: str = "", *, pause_s: float = 1.0) -> None:
        self.url = url.rstrip("/")
        key = b64encode(f"{user}:{password}".encode()).decode()
        self._api = RemoteApi(
            "WordPress", f"{self.url}/wp-json/wp/v2", http,
            FixedHeaders({"authorization": f"Basic {key}"} if user and password else {}), _TIMEOUT_S,
        )  # fmt: skip
        self._http = http
        self._pause_s = pause_s

    async def every(self, kind: str, query: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
        """All entries of a list. Raises NoSuchList, SourceFailed.

        A list that grows or shrinks while it is read may repeat an entry; it is ordered so that none is left out.
        """
        page, pages = 1, 1
        per_page = _TEXTS_PER_PAGE if "content" in query.get("_fields", "") else _NUMBERS_PER_PAGE
        while page <= pages:
            asked = {**query, "per_page": str(per_page), "page": str(page)}
            try:
                answer = await self._patiently(f"/{kind}", asked)
            except RemoteFailure as failure:
                if page > 1 and failure.status == 400:  # rest_post_invalid_page_number: it has shrunk meanwhile
                    return
                raise
            if not isinstance(answer.body, list):
                raise SourceFailed(f"{self.url} does not answer as WordPress does.")
            pages = _pages(answer)
            for one in answer.body:
                if isinstance(one, dict):
                    yield one
            page += 1

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.close()

    async def _patiently(self, path: str, query: Mapping[str, str]) -> RemoteAnswer:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._api.call("GET", path, query=query)
            except RemoteFailure as failure:
                again = failure.kind in ("rate_limited", "unavailable", "timeout") and attempt < _ATTEMPTS
                wait = failure.retry_after_s if failure.retry_after_s is not None else self._pause_s * attempt
                if not again or wait > _LONGEST_WAIT_S:
                    if failure.status == 400:
                        raise
                    raise self._explained(failure, path) from failure
                await asyncio.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _explained(self, failure: RemoteFailure, path: str) -> Exception:
        if failure.kind == "not_found":
            return NoSuchList(path)
        said = {
            "unauthorised": "refuses to be read: check AIGUY_WORDPRESS_USER and AIGUY_WORDPRESS_APP_PASSWORD",
            "rate_limited": "asks to be left alone for a while",
            "timeout": f"did not answer within {_TIMEOUT_S:g} s",
            "garbage": "answers with something that is not JSON: is its REST API switched off?",
            "unavailable": "cannot be reached, or has an error of its own",
        }
        return SourceFailed(f"{self.url} {said.get(failure.kind, f'refuses the request ({failure.status})')}.")


def _pages(answer: RemoteAnswer) -> int:
    said = answer.headers.get("x-wp-totalpages", "1")
    return min(int(said), _MOST_PAGES) if said.isdecimal() else 1
