"""Markdown as people write it, made into Markdown that holds text only: no HTML, no pictures, nothing hidden.

Code stays as it is. Everything here reads the text once, whatever is in it.
"""

import re

from retrieval.sources.pages.hidden import NEVER_SHOWN, hides
from retrieval.sources.pages.page import fragment_markdown
from retrieval.sources.vouched import Unfit

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`]*)$")
_CODE_SPAN = re.compile(r"(?<!`)(`{1,3}[^`\n]{1,1000}`{1,3})(?!`)")
_IMAGE = re.compile(
    r"!\[([^\[\]]{0,500})\](?:\([^()\n]{0,2000}(?:\([^()\n]{0,500}\)[^()\n]{0,500})?\)|\[[^\[\]\n]{0,200}\])"
)
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9.-]{0,40})((?:\s|/)[^<>]{0,3000})?>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")
_MDX_LINE = re.compile(r"^(import\s.{0,500}|export\s.{0,500}|\{/\*.{0,1000}\*/\})$", re.MULTILINE)
_TABLE_OPEN, _TABLE_CLOSE = re.compile(r"<table[\s>]", re.IGNORECASE), re.compile(r"</table\s*>", re.IGNORECASE)
_HTML = frozenset(
    ("a", "abbr", "acronym", "address", "area", "article", "aside", "b", "base", "bdi", "bdo", "big", "blockquote",
     "body", "br", "caption", "center", "cite", "code", "col", "colgroup", "data", "dd", "del", "details", "dfn",
     "dialog", "dir", "div", "dl", "dt", "em", "fieldset", "figcaption", "figure", "font", "footer", "form", "h1",
     "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "i", "ins", "kbd", "label", "legend", "li",
     "main", "mark", "menu", "nav", "nobr", "ol", "optgroup", "option", "output", "p", "pre", "q", "rp", "rt",
     "ruby", "s", "samp", "search", "section", "slot", "small", "span", "strike", "strong", "sub", "summary", "sup",
     "table", "tbody", "td", "tfoot", "th", "thead", "time", "title", "tr", "tt", "u", "ul", "var", "wbr")
)  # fmt: skip
_BREAKING = frozenset(
    ("br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "details", "summary",
     "dt", "dd", "hr")
)  # fmt: skip
_VOID = frozenset(
    ("br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "source", "track")
)  # fmt: skip


def clean_markdown(text: str, *, mdx: bool = False) -> str:
    """The Markdown without HTML. `mdx`: without imports and components too."""
    cleaned = [part if is_code else _clean_prose(part, mdx) for is_code, part in _parts(text)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(cleaned)).strip()


def _parts(text: str) -> list[tuple[bool, str]]:
    """The text in turns of prose and fenced code."""
    parts: list[tuple[bool, list[str]]] = [(False, [])]
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence = mark[1]
            parts.append((True, [line]))
        elif fence:
            parts[-1][1].append(line)
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
                parts.append((False, []))
        else:
            parts[-1][1].append(line)
    return [(is_code, "\n".join(lines)) for is_code, lines in parts if lines]


def _clean_prose(text: str, mdx: bool) -> str:
    if mdx:
        text = _MDX_LINE.sub("", text)
    if "<" in text:
        text = _without_hidden(_tables(_without(text, "<!--", "-->")))
    pieces = _CODE_SPAN.split(text)
    pieces[::2] = [_TAG.sub(lambda tag: _plain(tag, mdx), _IMAGE.sub(r"\1", piece)) for piece in pieces[::2]]
    return "".join(pieces)


def _without(text: str, opening: str, closing: str) -> str:
    kept, place = [], 0
    while (start := text.find(opening, place)) >= 0 and (end := text.find(closing, start)) >= 0:
        kept.append(text[place:start])
        place = end + len(closing)
    return "".join(kept) + text[place:]


def _tables(text: str) -> str:
    kept, place = [], 0
    while (start := _TABLE_OPEN.search(text, place)) and (end := _TABLE_CLOSE.search(text, start.end())):
        kept.append(text[place : start.start()])
        try:
            kept.append(f"\n\n{fragment_markdown(text[start.start() : end.end()])}\n\n")
        except Unfit:
            kept.append(text[start.start() : end.end()])
        place = end.end()
    return "".join(kept) + text[place:]


def _without_hidden(text: str) -> str:
    """Without the elements that a browser would not show, and what is in them."""
    kept: list[str] = []
    place, hidden_since, name, depth = 0, -1, "", 0
    for tag in _TAG.finditer(text):
        current, closing = tag[1].lower(), tag[0].startswith("</")
        if hidden_since >= 0:
            if current == name and not tag[0].endswith("/>"):
                depth += -1 if closing else 1
                if depth == 0:
                    place, hidden_since = tag.end(), -1
        elif not closing and _is_hidden(current, tag[2] or ""):
            kept.append(text[place : tag.start()])
            place = tag.end()
            if current not in _VOID and not tag[0].endswith("/>"):
                hidden_since, name, depth = tag.end(), current, 1
    return "".join(kept) + text[place:]


def _is_hidden(name: str, attributes: str) -> bool:
    if name in NEVER_SHOWN:
        return True
    if not attributes:
        return False
    found = {one[1].lower(): (one[2] or "").strip("\"'") for one in _ATTRIBUTE.finditer(attributes)}
    return "hidden" in found or found.get("aria-hidden") == "true" or hides(found.get("style", ""))


def _plain(tag: re.Match[str], mdx: bool) -> str:
    name = tag[1].lower()
    if name in _HTML or name in NEVER_SHOWN:
        return "" if name not in _BREAKING else " " if _in_table(tag) else "\n"
    return "" if mdx and tag[1][0].isupper() else tag[0]


def _in_table(tag: re.Match[str]) -> bool:
    start = tag.string.rfind("\n", 0, tag.start()) + 1
    return tag.string[start : start + 40].lstrip().startswith("|")
