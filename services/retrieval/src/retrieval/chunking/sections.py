"""Markdown as sections: a heading path, an anchor, and groups of units that should stay together.

Lists and tables are one group each. Nothing is dropped: lines that the parser gives no block (such as link
definitions) become plain text.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from retrieval.chunking.units import Count, Unit, as_units, sentences, total

Group = list[Unit]


class Limits(NamedTuple):
    """The most tokens that a unit, and a group of units, may have."""

    unit: int
    group: int


_TABLE_HEAD_LINES = 2
_TABLE_HEAD_LIMIT = 100


@dataclass(slots=True)
class Section:
    """What stands under one heading. `path` is the headings above and including it, joined by " > "."""

    path: str
    anchor: str
    groups: list[Group] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """The number of tokens of all groups."""
        return sum(total(group) for group in self.groups)


def sections(markdown: str, title: str, count: Count, limits: Limits) -> list[Section]:
    """The sections of `markdown` in reading order. A first heading that repeats `title` is left out of the paths.

    Each heading's own line is the first group of its section.
    """
    lines = markdown.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])  # what is inside of a line is not looked at
    result = [Section("", "")]
    headings: list[tuple[int, str]] = []
    anchors: dict[str, int] = {}
    done = 0
    for token in _top_level(parser.parse("\n".join(lines))):
        start, end = token.map or (done, done)
        result[-1].groups += _plain(lines[done:start], count, limits)
        done = max(done, end)
        block = lines[start:end]
        if token.type == "heading_open":
            level, text = int(token.tag[1:]), _heading_text(block)
            headings = [one for one in headings if one[0] < level] + [(level, text)]
            path = " > ".join(name for _, name in headings if name != title)
            result.append(Section(path, _anchor(text, anchors)))
            result[-1].groups += _plain(block, count, limits)
        else:
            result[-1].groups += _groups(token, block, count, limits)
    result[-1].groups += _plain(lines[done:], count, limits)
    return [section for section in result if section.groups]


def _top_level(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.level == 0 and token.nesting >= 0 and token.map]


def _groups(token: Token, block: list[str], count: Count, limits: Limits) -> list[Group]:
    match token.type:
        case "bullet_list_open" | "ordered_list_open":
            return _together(_list_items(block), count, limits)
        case "table_open":
            return _table(block, count, limits)
        case "fence" | "code_block" | "html_block":
            return _together(block, count, limits)
        case _:
            return _plain(block, count, limits)


def _plain(block: list[str], count: Count, limits: Limits) -> list[Group]:
    return [[unit] for unit in sentences("\n".join(block), count, limits.unit)]


def _together(parts: list[str], count: Count, limits: Limits) -> list[Group]:
    units = as_units(parts, count, limits.unit, first="\n\n", between="\n")
    if total(units) <= limits.group:
        return [units] if units else []
    return [[unit] for unit in units]


def _table(block: list[str], count: Count, limits: Limits) -> list[Group]:
    """One group, or several that each begin with the table's head, when the whole is too long."""
    head = as_units(block[:_TABLE_HEAD_LINES], count, limits.unit, first="\n\n", between="\n")
    if count("\n".join(block)) <= limits.group or total(head) > _TABLE_HEAD_LIMIT:
        return _together(block, count, limits)
    rows = as_units(block[_TABLE_HEAD_LINES:], count, limits.unit, first="\n", between="\n")
    groups: list[Group] = [list(head)]
    for row in rows:
        if total(groups[-1]) + row.tokens > limits.group:
            groups.append(list(head))
        groups[-1].append(row)
    return groups


def _list_items(block: list[str]) -> list[str]:
    """The lines of a list, one entry per item of the outermost level."""
    items: list[str] = []
    for line in block:
        if items and (not line.strip() or line[:1] in " \t" or not re.match(r"([-*+]|\d{1,9}[.)])(\s|$)", line)):
            items[-1] += "\n" + line
        else:
            items.append(line)
    return [item.rstrip() for item in items]


def _heading_text(block: list[str]) -> str:
    text = " ".join(line.strip() for line in block if not re.fullmatch(r"\s*(=+|-+)\s*", line))
    text = re.sub(r"^#{1,6}(\s+|$)", "", text.strip())
    return re.sub(r"(^|\s+)#+$", "", text).strip()


def _anchor(text: str, used: dict[str, int]) -> str:
    """The anchor that web pages give a heading: lower case, dashes, numbered when it repeats."""
    plain = unicodedata.normalize("NFKC", text).lower()
    slug = re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", plain)).strip("-") or "section"
    used[slug] = used.get(slug, 0) + 1
    return slug if used[slug] == 1 else f"{slug}-{used[slug] - 1}"
