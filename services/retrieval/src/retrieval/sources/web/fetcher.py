"""Fetches pages: slowly, within limits, inside of the allowed hosts, and never from a private address.

`http` and `https` only, no cookies, no proxy of the environment; each redirect is checked as the first address was.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from retrieval.sources.web.addresses import AddressGuard, AddressRefused, CheckedResolver

#: The name that a site's robots.txt calls us by.
ROBOT = "aiguy-knowledge"
USER_AGENT = f"{ROBOT}/1.0 (help page reader of this shop's support agent)"
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5
_PORTS = frozenset((80, 443))
_LONGEST_WAIT_S = 120.0


class FetchRefused(Exception):
    """The address may not be fetched, or its answer may not be taken. The text says why."""


class FetchFailed(Exception):
    """The other side did not answer properly; it may another time. The text says how."""


@dataclass(frozen=True, slots=True)
class Politeness:
    """Seconds between two requests, seconds for one answer, bytes of one answer."""

    interval_s: float = 1.0
    timeout_s: float = 20.0
    page_bytes: int = 5 * 1024 * 1024
    large_bytes: int = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, after redirects: `url` is where it came from in the end. Header names are in lower case."""

    url: URL
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Fetcher:
    """One crawl's client. `hosts` may be fetched from; `home` may use its own port, all others 80 and 443 only."""

    def __init__(
        self, home: URL, hosts: frozenset[str], guard: AddressGuard, politeness: Politeness,
        resolver: aiohttp.abc.AbstractResolver | None = None,
    ) -> None:  # fmt: skip
        self._home = home
        self._hosts = hosts
        self._guard = guard
        self._resolver = resolver
        self.politeness = politeness
        self.interval_s = politeness.interval_s
        self._next = 0.0
        self._session: aiohttp.ClientSession | None = None

    def why_not(self, url: URL) -> str:
        """Why an address may not be fetched; empty when it may."""
        if url.scheme not in ("http", "https") or not url.host:
            return "is no web address"
        if url.user is not None or url.password is not None:
            return "has a password in its address"
        if url.host.lower() not in self._hosts:
            return f"is on another site ({url.host})"
        if url.port not in _PORTS and (url.host, url.port) != (self._home.host, self._home.port):
            return f"is on port {url.port}"
        try:
            self._guard.check_host(url.host)
        except AddressRefused as error:
            return str(error)
        return ""

    async def get(
        self, url: URL, *, headers: Mapping[str, str] | None = None, large: bool = False,
        may: Callable[[URL], Awaitable[str]] | None = None,
    ) -> Answer:  # fmt: skip
        """One page. `may` says of the target of a redirect why it may not be fetched. Raises FetchRefused, FetchFailed.

        A 429 or 503 that says how long to wait is tried once more after that.
        """
        patience = True
        for _ in range(_MOST_REDIRECTS + 1):
            if reason := self.why_not(url):
                raise FetchRefused(reason)
            answer = await self._once(url, headers or {}, large)
            if answer.status in (429, 503) and patience and (wait := _retry_after(answer)) is not None:
                patience = False
                self._next = asyncio.get_running_loop().time() + wait
                answer = await self._once(url, headers or {}, large)
            if answer.status not in _REDIRECTS:
                return answer
            try:
                url = url.join(URL(answer.headers["location"])).with_fragment(None)
            except (KeyError, ValueError):
                raise FetchFailed("redirects to nowhere") from None
            if reason := self.why_not(url) or (await may(url) if may else ""):
                raise FetchRefused(f"redirects to {str(url)[:200]}, which {reason}")
        raise FetchFailed("redirects in a circle")

    async def close(self) -> None:
        """Closes all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _once(self, url: URL, headers: Mapping[str, str], large: bool) -> Answer:
        await self._wait()
        most = self.politeness.large_bytes if large else self.politeness.page_bytes
        with _failures(self.politeness.timeout_s):
            async with (
                asyncio.timeout(self.politeness.timeout_s),
                self._open().get(url, headers=headers, allow_redirects=False) as response,
            ):
                if (response.content_length or 0) > most:
                    raise FetchRefused(f"is larger than {most // 1_000_000} MB")
                body = bytearray()
                async for piece in response.content.iter_any():
                    body += piece
                    if len(body) > most:
                        raise FetchRefused(f"is larger than {most // 1_000_000} MB")
                found = {name.lower(): value for name, value in response.headers.items()}
                return Answer(url, response.status, found, unpacked(bytes(body), found.get("content-encoding"), most))

    async def _wait(self) -> None:
        loop = asyncio.get_running_loop()
        if (pause := self._next - loop.time()) > 0:
            await asyncio.sleep(pause)
        self._next = loop.time() + self.interval_s

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=CheckedResolver(self._guard, self._resolver), limit=2, use_dns_cache=False
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": USER_AGENT, "accept-encoding": "gzip"},
                # A packed answer of 5 MB can hold 5 GB: it is unpacked here, within the limit.
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def unpacked(body: bytes, encoding: str | None, most: int) -> bytes:
    """The body without its packing, which may be gzip, at most `most` bytes. Raises FetchRefused, FetchFailed."""
    if not encoding or encoding.strip().lower() == "identity" or not body:
        return body
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        raise FetchFailed("is packed in a way that was not asked for")
    opened = zlib.decompressobj(wbits=31)
    try:
        plain = opened.decompress(body, most + 1)
    except zlib.error:
        raise FetchFailed("is packed wrongly") from None
    if len(plain) > most:
        raise FetchRefused(f"is larger than {most // 1_000_000} MB when unpacked")
    if not opened.eof:
        raise FetchFailed("was cut off")
    return plain


def _retry_after(answer: Answer) -> float | None:
    said = answer.headers.get("retry-after", "")
    if said.strip().isdecimal():
        seconds = float(said)
    else:
        try:
            until, now = parsedate_to_datetime(said), parsedate_to_datetime(answer.headers["date"])
            seconds = max(0.0, (until - now).total_seconds())
        except (ValueError, TypeError, KeyError):
            return None
    return seconds if seconds <= _LONGEST_WAIT_S else None


@contextmanager
def _failures(timeout_s: float) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise FetchFailed(f"did not answer within {timeout_s:g} s") from None
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, AddressRefused):
            raise FetchRefused(str(error.os_error)) from None
        raise FetchFailed("cannot be connected to") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchFailed(f"broke off ({type(error).__name__})") from None
