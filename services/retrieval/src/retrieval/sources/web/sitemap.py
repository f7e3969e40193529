"""Sitemaps (sitemaps.org): lists of pages, or of other sitemaps; plain, or packed with gzip.

The XML is read without entities and without a DTD: a file that brings its own is refused.
"""

from dataclasses import dataclass

from lxml import etree
from yarl import URL

from retrieval.sources.port import SourceFailed
from retrieval.sources.web.fetcher import Answer, Fetcher, FetchFailed, FetchRefused, unpacked
from retrieval.sources.web.robots import Robots

_MOST_SITEMAPS = 200
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that a sitemap names; `lastmod` as it says it, empty when it does not."""

    url: URL
    lastmod: str = ""


@dataclass(frozen=True, slots=True)
class SitemapFile:
    """What one file says: pages, or other sitemaps."""

    pages: tuple[Entry, ...]
    sitemaps: tuple[str, ...]


def parse_sitemap(body: bytes, base: URL) -> SitemapFile:
    """The content of a sitemap. Raises SourceFailed."""
    if b"<!DOCTYPE" in body[:100_000] or b"<!ENTITY" in body:
        raise SourceFailed(f"{base} defines entities of its own, which a sitemap does not need. It was not read.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, recover=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise SourceFailed(f"{base} is no sitemap (its XML is broken).") from None
    kind = etree.QName(root).localname
    if kind not in ("urlset", "sitemapindex"):
        raise SourceFailed(f"{base} is no sitemap.")
    found: dict[str, Entry] = {}
    for node in root:
        fields = {etree.QName(one).localname: (one.text or "").strip() for one in node if isinstance(one.tag, str)}
        if not fields.get("loc"):
            continue
        try:
            url = base.join(URL(fields["loc"])).with_fragment(None)
        except ValueError:
            continue
        found.setdefault(str(url), Entry(url, fields.get("lastmod", "")[:40]))
    if kind == "sitemapindex":
        return SitemapFile((), tuple(found))
    return SitemapFile(tuple(found.values()), ())


async def pages_of(sitemap: URL, fetcher: Fetcher, robots: Robots) -> list[Entry]:
    """All pages of a sitemap and of those that it names, each once. Raises SourceFailed when any cannot be read: a part
    that is missing would look like pages that are gone.
    """
    waiting, seen, pages = [sitemap], {sitemap}, dict[URL, Entry]()
    while waiting:
        url = waiting.pop(0)
        try:
            if not fetcher.why_not(url):
                await robots.learn(url)
            answer = await fetcher.get(url, large=True)
        except (FetchFailed, FetchRefused) as error:
            raise SourceFailed(f"{url} {error}.") from error
        if answer.status != 200:
            raise SourceFailed(f"{url} cannot be read (the site answers {answer.status}).")
        read = parse_sitemap(_plain(answer, fetcher), answer.url)
        pages |= {one.url: one for one in read.pages if one.url not in pages}
        for other in map(URL, read.sitemaps):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
        if len(seen) > _MOST_SITEMAPS:
            raise SourceFailed(f"{sitemap} names more than {_MOST_SITEMAPS} sitemaps.")
    return list(pages.values())


def _plain(answer: Answer, fetcher: Fetcher) -> bytes:
    if not answer.body.startswith(_GZIP):
        return answer.body
    try:
        return unpacked(answer.body, "gzip", fetcher.politeness.large_bytes)
    except (FetchFailed, FetchRefused) as error:
        raise SourceFailed(f"{answer.url} {error}.") from error
