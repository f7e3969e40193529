"""A post, page or product of WordPress as a document: text alone, without the marks of the editor."""

import datetime as dt
import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from contracts.knowledge import Document
from retrieval.sources.pages.page import fragment_markdown
from retrieval.sources.vouched import Unfit, Vouched

#: What is asked for: nothing of authors, comments or meta data.
FIELDS = "id,link,title,content,excerpt,modified_gmt,status,type,categories,tags,product_cat,product_tag"
TAXONOMIES = ("categories", "tags", "product_cat", "product_tag")
_BARE = frozenset(("gallery", "embed", "audio", "video", "playlist", "caption", "toc", "products", "product_page"))
_SHORTCODE = re.compile(r"\[(/?)([a-zA-Z][a-zA-Z0-9_-]{0,60})((?:\s[^\[\]<>]{0,1000})?)/?\]")
_UNSORTED = frozenset(("uncategorized", "uncategorised"))
_LONGEST_TAG = 64


def document_of(post: Mapping[str, Any], names: Mapping[str, Mapping[int, str]], vouched: Vouched) -> Document:
    """The document; `names` are the taxonomies' slugs by number. Raises Unfit."""
    if _rendered(post, "content", "protected"):
        raise Unfit("is protected by a password")
    body = fragment_markdown(without_shortcodes(_rendered(post, "content")))
    summary = fragment_markdown(_rendered(post, "excerpt")) if post.get("type") == "product" else ""
    if summary and summary not in body:
        body = f"{summary}\n\n{body}".strip()
    title = html.unescape(re.sub(r"<[^>]{0,500}>", "", _rendered(post, "title")))
    own_tags = [
        name[:_LONGEST_TAG]
        for taxonomy in TAXONOMIES
        for number in post.get(taxonomy) or ()
        if (name := unquote(names.get(taxonomy, {}).get(number, ""))) and name not in _UNSORTED
    ]
    link, modified = post.get("link"), modified_at(post)
    if not isinstance(link, str) or modified is None:
        raise Unfit("comes without an address or a date")
    return vouched.document(
        url=link, title=title.strip() or "Untitled", body=body, updated_at=modified, tags=own_tags[:15]
    )


def modified_at(post: Mapping[str, Any]) -> dt.datetime | None:
    """When it was last changed, in UTC: WordPress writes that without a zone."""
    try:
        return dt.datetime.fromisoformat(str(post["modified_gmt"])).replace(tzinfo=dt.UTC)
    except (KeyError, ValueError):
        return None


def without_shortcodes(text: str) -> str:
    """Without the shortcodes that no plugin has replaced. `[text]` that only looks like one stays."""
    closed = {match[2].lower() for match in _SHORTCODE.finditer(text) if match[1]}

    def plain(match: re.Match[str]) -> str:
        name = match[2].lower()
        is_code = match[1] or name in closed or name in _BARE or "=" in match[3] or "_" in name or "-" in name
        return "" if is_code else match[0]

    return _SHORTCODE.sub(plain, text)


def _rendered(post: Mapping[str, Any], field: str, part: str = "rendered") -> str:
    value = post.get(field)
    found = value.get(part) if isinstance(value, dict) else ""
    return found if isinstance(found, str) else "yes" if found else ""
