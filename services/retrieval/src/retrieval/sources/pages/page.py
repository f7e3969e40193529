"""A whole HTML page: its title, canonical address, language, date, and its main part as Markdown.

The main part is what the page itself marks as such (`main`, one `article`). Elsewhere trafilatura chooses it; where
that loses much, as it does on short help pages, everything but menus and the like is taken.
"""

import datetime as dt
import re
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from retrieval.sources.decoding import decode
from retrieval.sources.pages.hidden import drop, remove_hidden
from retrieval.sources.pages.markdown import to_markdown
from retrieval.sources.readable import one_line, readable
from retrieval.sources.vouched import Unfit

#: Elements of a page. More would be a page that no person reads, and take seconds.
_MOST_ELEMENTS = 200_000
_MOST_FOR_TRAFILATURA = 10_000
_KEPT_BY_TRAFILATURA = 0.6
_ENCODING = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_MODIFIED = re.compile(r'"dateModified"\s*:\s*"([^"]{8,40})"')
_ROLES = ("navigation", "banner", "contentinfo", "search", "dialog", "menu")
_AROUND = "|".join(
    (".//nav", ".//footer", ".//aside", ".//dialog", *(f".//*[@role='{role}']" for role in _ROLES),
     ".//header[parent::body or parent::*/parent::body][not(ancestor::main)][not(ancestor::article)]")
)  # fmt: skip
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Page:
    """What was read. `canonical` is absolute; `language` as the page says it ("en-GB"); both may be empty."""

    title: str
    markdown: str
    canonical: str = ""
    language: str = ""
    modified: dt.datetime | None = None


def read_page(raw: bytes, *, url: str = "", charset: str | None = None) -> Page:
    """The page in `raw`; `charset` as the server says. Raises Unfit, or Undecodable for unclear bytes."""
    named = _ENCODING.search(raw[:4096])
    text = readable(decode(raw, charset or (named[1].decode() if named else None)))
    root = parse(text)
    canonical, language, modified = _canonical(root, url), _language(root), _modified(root)
    titles = _titles(root)
    remove_hidden(root)
    main = _main_of(root)
    heads = [heading for one in main.iter("h1") if (heading := one_line("".join(one.itertext())))]
    title = heads[0] if len(heads) == 1 else next((one for one in titles if one), heads[0] if heads else "")
    return Page(title, _markdown_of(root, main), canonical, language, modified)


def parse(text: str) -> HtmlElement:
    """The tree of a page or a fragment. Raises Unfit for one that cannot be taken whole."""
    parser = HTMLParser(encoding="utf-8", huge_tree=False, no_network=True)
    # An XML declaration would make lxml refuse text that is already decoded.
    stripped = re.sub(r"^\s*<\?xml[^>]{0,200}\?>", "", text)
    try:
        root: HtmlElement = document_fromstring(stripped.encode(), parser=parser, ensure_head_body=True)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise Unfit("has no text") from None
    if any("depth" in entry.message for entry in parser.error_log):
        raise Unfit("is nested too deeply to be a page for people")
    if sum(1 for _ in zip(root.iter(), range(_MOST_ELEMENTS + 1), strict=False)) > _MOST_ELEMENTS:
        raise Unfit(f"has more than {_MOST_ELEMENTS:,} elements")
    return root


def fragment_markdown(html: str) -> str:
    """The Markdown of a piece of HTML that is all content, such as a post's. Raises Unfit."""
    if not html.strip():
        return ""
    root = parse(readable(html))
    remove_hidden(root)
    return to_markdown(root)


def _main_of(root: HtmlElement) -> HtmlElement:
    for path in ("//main|//*[@role='main']", "//article"):
        found = root.xpath(path)
        if len(found) == 1 and "".join(found[0].itertext()).strip():
            return found[0]
    return root


def _markdown_of(root: HtmlElement, main: HtmlElement) -> str:
    chosen = "" if main is not root else _chosen(root)
    for one in main.xpath(_AROUND):
        drop(one)
    whole = to_markdown(main)
    return chosen if chosen and _is_enough(chosen, whole) else whole


def _chosen(root: HtmlElement) -> str:
    # Half a second to load, which most pages and all other files do not need.
    from retrieval.sources.pages.main_part import main_part  # noqa: PLC0415

    if sum(1 for _ in zip(root.iter(), range(_MOST_FOR_TRAFILATURA + 1), strict=False)) > _MOST_FOR_TRAFILATURA:
        return ""
    return main_part(root)


def _is_enough(chosen: str, whole: str) -> bool:
    words = len(_WORD.findall(whole))
    if len(_WORD.findall(chosen)) < _KEPT_BY_TRAFILATURA * words:
        return False
    return all(_count(mark, chosen) >= _count(mark, whole) for mark in (r"^#{1,6} ", r"^\s*(-|\d+\.) ", r"^\|"))


def _count(mark: str, text: str) -> int:
    return len(re.findall(mark, text, re.MULTILINE))


def _titles(root: HtmlElement) -> list[str]:
    site = next(iter(root.xpath("string(//meta[@property='og:site_name']/@content)").strip().splitlines()), "")
    shown = one_line(root.xpath("string(//meta[@property='og:title']/@content)"))
    titled = one_line(root.xpath("string(//head/title)") or root.xpath("string(//title)"))
    if site and (end := re.search(r"\s+[|–—·:-]\s+" + re.escape(site) + r"$", titled)):
        titled = titled[: end.start()]
    return [shown, titled]


def _canonical(root: HtmlElement, url: str) -> str:
    href = root.xpath("string(//link[@rel='canonical']/@href)").strip()
    try:
        return urljoin(url, href) if href else ""
    except ValueError:
        return ""


def _language(root: HtmlElement) -> str:
    return (root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or "").strip()[:35]


def _modified(root: HtmlElement) -> dt.datetime | None:
    said = [
        root.xpath("string(//meta[@property='article:modified_time' or @property='og:updated_time']/@content)"),
        root.xpath("string(//*[@itemprop='dateModified']/@datetime)"),
        root.xpath("string(//*[@itemprop='dateModified']/@content)"),
    ]
    linked = "\n".join(one.text or "" for one in root.xpath("//script[@type='application/ld+json']"))[:200_000]
    if match := _MODIFIED.search(linked):
        said.append(match[1])
    return next((found for one in said if (found := instant(one)) is not None), None)


def instant(text: str) -> dt.datetime | None:
    """An ISO date or time, in UTC; without a zone it is meant in UTC. None when it is none."""
    try:
        found = dt.datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
