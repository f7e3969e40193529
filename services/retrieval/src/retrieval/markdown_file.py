"""A Markdown file as a `Document`. Front matter may say more; what it says wins over what was said of all files.

---
title: Warranty
url: https://shop.example/help/warranty
reviewed: true
updated_at: 2026-02-16
policy: true
tags: [warranty]
channels: [web, email]
ttl_days: 365
asked:
  How to make a claim: ['My stove broke after a year', 'Where do I send photos of a fault?']
---
# Warranty …

Names that other programs use in their front matter are left alone; one that is nearly ours is taken for a typing error.
"""

import datetime as dt
import difflib
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import yaml

from contracts.knowledge import MAX_BODY, Document
from retrieval.sources.decoding import Undecodable, decode
from retrieval.sources.markdown_text import clean_markdown
from retrieval.sources.readable import readable
from retrieval.sources.vouched import Unfit, Vouched

_FENCE = "---"
_MOST_MATTER = 20_000
_OURS = ("title", "url", "reviewed", "updated_at", "policy", "tags", "channels", "ttl_days", "asked")
_DATES = ("updated_at", "lastmod", "last_updated", "last_modified", "updated", "date")
_LEFT_ALONE = frozenset((*_DATES, "draft", "tag"))
_TITLE = re.compile(r"^ {0,3}#[ \t]+(.{1,400}?)[ \t]*#*$|^([^\s#>|`-].{0,200})\n={2,}[ \t]*$", re.MULTILINE)
UNREVIEWED = Vouched(reviewed=False)


class MarkdownFileError(ValueError):
    """The file cannot become a document; the text says why, for the person who wrote it."""


def read_document(path: Path) -> Document:
    """The document in `path`, which names its url and its date itself. Raises `MarkdownFileError`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise MarkdownFileError("cannot be read") from error
    if len(raw) > 4 * MAX_BODY:
        raise MarkdownFileError(f"is larger than {4 * MAX_BODY} bytes")
    try:
        return parse_document(decode(raw))
    except Undecodable as error:
        raise MarkdownFileError(str(error)) from error


def parse_document(text: str) -> Document:
    """The document that `text` spells with all that is needed. Raises `MarkdownFileError`."""
    return markdown_document(text, vouched=UNREVIEWED, url="", name="", updated_at=None)


def markdown_document(
    text: str, *, vouched: Vouched, url: str, name: str, updated_at: dt.datetime | None, mdx: bool = False
) -> Document:
    """The document. `url`, `name` (its title) and `updated_at` are for a file that does not say. Raises
    `MarkdownFileError`."""
    matter, body = _split(readable(text))
    own: dict[str, Any] = {}
    for said in _OURS:
        if said in matter and said not in ("title", "url", "updated_at"):
            own["is_policy" if said == "policy" else said] = matter[said]
    for said in ("tags", "channels"):
        if isinstance(own.get(said), str):
            own[said] = [own[said]]
    if matter.get("draft") is True:
        own["reviewed"] = False
    body = clean_markdown(body, mdx=mdx)
    dated = next((matter[one] for one in _DATES if matter.get(one) is not None), None)
    title = matter["title"] if "title" in matter else _heading(body, name)
    when: Any = updated_at if dated is None else _instant(dated)
    try:
        return vouched.document(url=_url(matter.get("url"), url), title=title, body=body, updated_at=when, **own)
    except Unfit as error:
        raise MarkdownFileError(str(error)) from error


def _heading(body: str, name: str) -> str:
    """The only heading of the first level; of several none is the title of all, unless the file has no name."""
    found = [first or second for first, second in _TITLE.findall(body)]
    return found[0] if found and (len(found) == 1 or not name) else name


def _split(text: str) -> tuple[dict[str, Any], str]:
    lines = text.lstrip("\n").split("\n")
    if lines[0].strip() != _FENCE:
        return {}, text.strip()
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.strip() == _FENCE), None)
    if end is None:
        if any(re.match(r"\w+:", line) for line in lines[1:4]):
            raise MarkdownFileError("has front matter that is not closed by ---")
        return {}, text.strip()  # a line across the page
    spelled = "\n".join(lines[1:end])
    if len(spelled) > _MOST_MATTER:
        raise MarkdownFileError(f"has front matter of more than {_MOST_MATTER:,} characters")
    try:
        matter = yaml.safe_load(spelled)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MarkdownFileError("has front matter that is not valid YAML") from error
    if not isinstance(matter, dict) or not all(isinstance(name, str) for name in matter):
        raise MarkdownFileError("has front matter that is not a list of names and values")
    for name in matter:
        if name not in _OURS and name not in _LEFT_ALONE and (near := difflib.get_close_matches(name, _OURS, 1, 0.8)):
            raise MarkdownFileError(f"has the unknown name {name!r} in its front matter; {near[0]!r} is meant, perhaps")
    return matter, "\n".join(lines[end + 1 :]).strip()


def _url(own: Any, given: str) -> Any:
    if isinstance(own, str) and own.startswith("/"):  # the path on the site, as some programs write it
        return urljoin(given, own) if given.startswith("http") else given or own
    return given if own is None else own


def _instant(value: Any) -> Any:
    """YAML gives a day as a date and a time without zone as a naive one; both are meant in UTC."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return value
