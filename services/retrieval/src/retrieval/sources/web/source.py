"""The source of a site's pages: those that its sitemap names, as far as robots.txt lets us read them.

A page that has not changed costs nothing (`lastmod`) or a 304. One that is gone (404, 410) is deleted; one that cannot
be read right now is kept and reported.
"""

import asyncio
import datetime as dt
import re
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import Message
from email.utils import parsedate_to_datetime
from pathlib import Path

from yarl import URL

from contracts.knowledge import Document
from retrieval.markdown_file import MarkdownFileError, markdown_document
from retrieval.sources.decoding import Undecodable, decode
from retrieval.sources.pages import read_page
from retrieval.sources.pages.page import instant
from retrieval.sources.pdf import PdfText, read_pdf
from retrieval.sources.port import (
    End,
    Found,
    Gone,
    Item,
    Kind,
    Known,
    Origin,
    Refused,
    Same,
    Skipped,
    SourceFailed,
    Total,
)
from retrieval.sources.vouched import Unfit, Vouched
from retrieval.sources.web.fetcher import Answer, Fetcher, FetchFailed, FetchRefused
from retrieval.sources.web.robots import Robots
from retrieval.sources.web.sitemap import Entry, pages_of
from servicekit.clock import Clock

_HTML = frozenset(("text/html", "application/xhtml+xml"))
_TEXT = frozenset(("text/plain", "text/markdown"))
#: So many pages in a row that cannot be read, and it is the site that is down.
_PATIENCE = 8


@dataclass(frozen=True, slots=True)
class SiteSource:
    """The pages of the site at `start`: a sitemap, the root of a site, or one page alone.

    `below` are the beginnings of the paths that are wanted, all when empty. At most `max_pages` are read; when there
    are more, nothing is deleted.
    """

    start: URL
    name: str
    fetcher: Fetcher
    clock: Clock
    vouched: Vouched = field(default_factory=Vouched)
    max_pages: int = 2000
    below: tuple[str, ...] = ()
    whole: bool = True
    kind: Kind = Kind.SITE

    async def read(self, known: Known) -> AsyncIterator[Item]:
        """See `Source.read`."""
        if reason := self.fetcher.why_not(self.start):
            raise SourceFailed(f"{self.start} {reason}.")
        robots = Robots(self.fetcher)
        await robots.learn(self.start)
        entries = await self._entries(robots)
        wanted = [one for one in entries if not self.below or one.url.path.startswith(self.below)]
        yield Total(min(len(wanted), self.max_pages))
        failures = 0
        for entry in wanted[: self.max_pages]:
            item = await self._item(entry, robots, known)
            failures = failures + 1 if isinstance(item, Refused) else 0
            yield item
            if failures >= _PATIENCE:
                raise SourceFailed(f"{failures} pages in a row could not be read. What was stored stays.")
        note = f"Only the first {self.max_pages:,} of {len(wanted):,} pages." if len(wanted) > self.max_pages else ""
        # An empty sitemap is rather a mistake than an order to delete all.
        yield End(full_set=self.whole and self._is_list and bool(wanted) and not note, note=note)

    async def close(self) -> None:
        """See `Source.close`."""
        await self.fetcher.close()

    @property
    def _is_root(self) -> bool:
        return self.start.path in ("", "/")

    @property
    def _is_list(self) -> bool:
        return self._is_root or bool(re.search(r"\.xml(\.gz)?$|/sitemap[^/]*$", self.start.path, re.IGNORECASE))

    async def _entries(self, robots: Robots) -> list[Entry]:
        if not self._is_list:
            return [Entry(self.start)]
        if not self._is_root:
            return await pages_of(self.start, self.fetcher, robots)
        named = robots.sitemaps(self.start) or [str(self.start.origin() / "sitemap.xml")]
        found: dict[URL, Entry] = {}
        for one in named:
            for entry in await pages_of(self.start.join(URL(one)), self.fetcher, robots):
                found.setdefault(entry.url, entry)
        return list(found.values())

    async def _item(self, entry: Entry, robots: Robots, known: Known) -> Item:
        place = str(entry.url)
        if reason := self.fetcher.why_not(entry.url):
            return Skipped(place, reason)
        if reason := await robots.why_not(entry.url):
            return Skipped(place, reason)
        made_with = self.vouched.fingerprint()
        before = known.origins.get(place)
        if before is not None and before.made_with != made_with:
            before = None
        if before is not None and entry.lastmod and before.lastmod == entry.lastmod:
            return Same(before)
        try:
            answer = await self.fetcher.get(
                entry.url, headers=_conditions(before), large=entry.url.path.lower().endswith(".pdf"),
                may=robots.why_not,
            )  # fmt: skip
        except FetchRefused as error:
            return Skipped(place, str(error))
        except FetchFailed as error:
            return Refused(place, str(error))
        origin = Origin(
            place, made_with, answer.headers.get("etag", "")[:500], answer.headers.get("last-modified", "")[:100],
            entry.lastmod,
        )  # fmt: skip
        if answer.status == 304 and before is not None:
            kept = Origin(place, made_with, origin.etag or before.etag, origin.last_modified or before.last_modified,
                          entry.lastmod)  # fmt: skip
            return Same(kept)
        if answer.status in (404, 410):
            return Gone(place)
        if answer.status != 200:
            return Refused(place, _trouble(answer.status))
        try:
            return await self._found(answer, entry, origin)
        except (Unfit, Undecodable, MarkdownFileError) as error:
            return Refused(place, str(error))

    async def _found(self, answer: Answer, entry: Entry, origin: Origin) -> Item:
        stated = instant(entry.lastmod)
        updated = stated or _http_date(answer.headers.get("last-modified", "")) or self.clock.now()
        url = str(answer.url.with_fragment(None))
        title = _name(answer.url)
        if answer.kind == "application/pdf":
            text = await _pdf(answer.body)
            document = self.vouched.document(
                url=url, title=text.title.strip() or title, body=text.markdown, updated_at=updated
            )
        elif answer.kind in _TEXT:
            text_of = decode(answer.body, _charset(answer))
            document = await asyncio.to_thread(
                markdown_document, text_of, vouched=self.vouched, url=url, name=title, updated_at=updated
            )
        elif answer.kind in _HTML:
            return await asyncio.to_thread(self._page, answer, origin, updated, stated is not None)
        else:
            return Skipped(origin.place, f"is no page ({answer.kind[:60] or 'of no known kind'})")
        return Found(document, origin, dated=stated is not None)

    def _page(self, answer: Answer, origin: Origin, updated: dt.datetime, dated: bool) -> Found:
        page = read_page(answer.body, url=str(answer.url), charset=_charset(answer))
        document: Document = self.vouched.document(
            url=self._identity(page.canonical, answer.url), title=page.title or _name(answer.url), body=page.markdown,
            updated_at=page.modified or updated,
        )  # fmt: skip
        return Found(document, origin, dated=dated or page.modified is not None)

    def _identity(self, canonical: str, url: URL) -> str:
        """The address that the page gives itself, when that is one of this site."""
        try:
            own = URL(canonical).with_fragment(None) if canonical else url
        except ValueError:
            own = url
        chosen = own if own.absolute and not self.fetcher.why_not(own) else url
        return str(chosen.with_fragment(None))


def site_name(url: URL) -> str:
    """The name under which a site's pages are kept."""
    return "site:" + re.sub(r"[^A-Za-z0-9._-]", "-", url.host or "unknown")[:59]


def _conditions(before: Origin | None) -> dict[str, str]:
    if before is None:
        return {}
    asked = {"if-none-match": before.etag, "if-modified-since": before.last_modified}
    return {name: value for name, value in asked.items() if value}


def _trouble(status: int) -> str:
    if status in (401, 403):
        return f"is not open to the public (the site answers {status})"
    return f"cannot be read right now (the site answers {status})"


def _http_date(text: str) -> dt.datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(dt.UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _charset(answer: Answer) -> str | None:
    message = Message()
    message["content-type"] = answer.headers.get("content-type", "")
    found = message.get_param("charset")
    return found if isinstance(found, str) else None


def _name(url: URL) -> str:
    words = re.sub(r"[-_\s]+", " ", Path(url.path).stem).strip()
    return words[:1].upper() + words[1:] or url.host or "Untitled"


async def _pdf(body: bytes) -> PdfText:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        await asyncio.to_thread(file.write, body)
        file.flush()
        return await read_pdf(Path(file.name))
