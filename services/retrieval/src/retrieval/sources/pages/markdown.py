"""A cleaned tree as Markdown: headings, paragraphs, lists, tables, code. Links become their text.

One walk without recursion: a page may be nested as deeply as it likes.
"""

import re
from dataclasses import dataclass, field

from lxml import etree

from retrieval.sources.pages.tables import is_data, table_markdown

_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl",
     "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "main", "menu",
     "nav", "p", "search", "section", "table", "tbody", "td", "tfoot", "th", "thead", "tr")
)  # fmt: skip
#: A `summary` is the question of an answer that opens when it is asked.
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)} | {"summary": "###"}
_DEEPEST_LIST = 6


def to_markdown(root: etree._Element) -> str:
    """The Markdown of everything below `root`."""
    writer = _Writer()
    skipped: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in ("comment", "pi"):
            if skipped is None:
                writer.text(element.tail)
            continue
        if skipped is not None:
            if event == "start" or element is not skipped:
                continue
            skipped = None
        elif event == "start":
            if element.tag == "table" and is_data(element):
                writer.whole(table_markdown(element))
                skipped = element
            else:
                writer.start(element.tag)
                writer.text(element.text)
            continue
        else:
            writer.end(element.tag)
        if element is not root:
            writer.text(element.tail)
    return writer.finish()


@dataclass(slots=True)
class _List:
    ordered: bool
    number: int = 0
    marker: str = ""


@dataclass(slots=True)
class _Writer:
    """Blocks that are done, and the text of the one that is being read."""

    blocks: list[tuple[bool, str]] = field(default_factory=list)
    buffer: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    heading: str = ""
    code: int = 0
    quotes: int = 0

    def text(self, text: str | None) -> None:
        if text:
            self.buffer.append(text)

    def start(self, tag: str) -> None:
        if tag == "br":
            self.buffer.append("\n" if self.code else " ")
        elif tag in _HEADINGS:
            self._flush()
            self.heading = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self._flush()
            self.lists.append(_List(tag == "ol"))
        elif tag == "li":
            self._flush()
            self._item()
        elif tag == "pre":
            self._flush()
            self.code += 1
        elif tag in _BLOCKS:
            if tag not in ("p", "div") or not self.lists:
                self._flush()
            else:
                self.buffer.append(" ")
            self.quotes += tag == "blockquote"

    def end(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._flush()
            self.heading = ""
        elif tag in ("ul", "ol"):
            self._flush()
            if self.lists:
                self.lists.pop()
        elif tag == "pre":
            self._flush()
            self.code -= 1
        elif tag == "li" or (tag in _BLOCKS and not (tag in ("p", "div") and self.lists)):
            self._flush()
            self.quotes -= tag == "blockquote"
        elif tag in _BLOCKS:
            self.buffer.append(" ")

    def whole(self, block: str) -> None:
        self._flush()
        if block:
            self.blocks.append((False, block))

    def finish(self) -> str:
        self._flush()
        parts: list[str] = []
        previous = False
        for is_item, block in self.blocks:
            parts += ["\n" if is_item and previous else "\n\n", block]
            previous = is_item
        return "".join(parts).strip()

    def _item(self) -> None:
        if not self.lists:  # an item outside of any list
            self.lists.append(_List(ordered=False))
        inner = self.lists[-1]
        inner.number += 1
        inner.marker = f"{inner.number}. " if inner.ordered else "- "

    def _flush(self) -> None:
        raw, self.buffer = "".join(self.buffer), []
        if self.code:
            if code := raw.strip("\n").rstrip():
                fence = "`" * max(3, max(map(len, re.findall("`+", code)), default=0) + 1)
                self.blocks.append((False, f"{fence}\n{code}\n{fence}"))
            return
        text = " ".join(raw.split())
        if not text:
            return
        if self.lists:
            outer = self.lists[:-1][:_DEEPEST_LIST]
            indent = "".join("   " if one.ordered else "  " for one in outer)
            inner = self.lists[-1]
            marker, inner.marker = inner.marker or ("   " if inner.ordered else "  "), ""
            self.blocks.append((True, f"{indent}{marker}{text}"))
        else:
            mark = f"{self.heading} " if self.heading else "> " if self.quotes > 0 else ""
            self.blocks.append((False, mark + text))
