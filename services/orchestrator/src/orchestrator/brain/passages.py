"""Looks into a passage (Markdown of up to 500 tokens): its sections, and the part of it that a question is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.brain.sentences import content_words, overlap, sentence_spans

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*$", re.MULTILINE)
_BLOCK = re.compile(r"\n\s*\n")
_LIST = re.compile(r"(?:[-*•]|\d+[.)])\s")
_ITEM = re.compile(r"^(?:[-*•]|\d+[.)])\s+(.+)$", re.MULTILINE)
_ROW = re.compile(r"\|.*\|", re.MULTILINE)
_RULE = re.compile(r"[\s|:-]+")
MAX_UNIT_CHARS = 600
#: A list of this size is quoted whole: its items are steps, or cases of one rule.
MAX_LIST_CHARS = 450


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, a short list with the sentence that leads into it, or an item of a long one: `text[start:end]`."""

    heading: str
    start: int
    end: int
    section: int


def excerpt(text: str, question: str, limit: int) -> str:
    """The sections of `text` that share most words with the question, in their order, within `limit` characters."""
    if len(text) <= limit:
        return text
    wanted = content_words(question)
    sections = list(_sections(text))
    ranked = sorted(range(len(sections)), key=lambda one: -overlap(wanted, text[sections[one][1] : sections[one][2]]))
    chosen: list[int] = []
    room = limit
    for index in ranked:
        _, start, end = sections[index]
        if end - start <= room:
            chosen.append(index)
            room -= end - start
    if not chosen:
        _, start, end = sections[ranked[0]]
        return text[start : start + limit].rsplit(" ", 1)[0]
    return "\n\n".join(text[sections[one][1] : sections[one][2]].strip() for one in sorted(chosen))


def units_of(text: str) -> Iterator[Unit]:
    """Everything in a passage that can be quoted by itself; headings cannot."""
    for number, (heading, start, end) in enumerate(_sections(text)):
        body = _body_start(text, start, end)
        yield from _units(text, heading, body, end, number)


def _sections(text: str) -> Iterator[tuple[str, int, int]]:
    """Heading, start and end of each section; the heading's own line belongs to it."""
    heads = list(_HEADING.finditer(text))
    if not heads or text[: heads[0].start()].strip():
        yield "", 0, heads[0].start() if heads else len(text)
    ends = [*(head.start() for head in heads[1:]), len(text)]
    for head, end in zip(heads, ends, strict=False):
        yield head.group(1), head.start(), end


def _body_start(text: str, start: int, end: int) -> int:
    head = _HEADING.match(text, start, end)
    return head.end() if head else start


def _units(text: str, heading: str, start: int, end: int, section: int) -> Iterator[Unit]:
    lead: Unit | None = None
    for block_start, block_end in _blocks(text, start, end):
        if _ROW.match(text, block_start):
            if lead is not None:
                yield lead
                lead = None
            yield from (Unit(heading, *span, section) for span in _rows(text, block_start, block_end))
            continue
        if _LIST.match(text, block_start):
            if lead is not None and block_end - lead.start <= MAX_UNIT_CHARS:
                yield Unit(heading, lead.start, block_end, section)
                lead = None
                continue
            if block_end - block_start <= MAX_LIST_CHARS:
                yield Unit(heading, block_start, block_end, section)
                continue
            for item in _ITEM.finditer(text, block_start, block_end):
                yield Unit(heading, item.start(1), item.end(1), section)
            continue
        if lead is not None:
            yield lead
            lead = None
        found = [Unit(heading, *span, section) for span in sentence_spans(text, block_start, block_end)]
        if found and text[found[-1].end - 1] == ":":
            lead = found.pop()
        yield from found
    if lead is not None:
        yield lead


def _rows(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The rows of a table, without its head and its rule."""
    rows = [found.span() for found in _ROW.finditer(text, start, end)]
    ruled = next((index for index, span in enumerate(rows) if _RULE.fullmatch(text[span[0] : span[1]])), -1)
    yield from rows[ruled + 1 :]


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    at = start
    for gap in [*_BLOCK.finditer(text, start, end), None]:
        stop = gap.start() if gap else end
        raw = text[at:stop]
        if raw.strip():
            first = at + len(raw) - len(raw.lstrip())
            yield first, first + len(raw.strip())
        at = gap.end() if gap else end
