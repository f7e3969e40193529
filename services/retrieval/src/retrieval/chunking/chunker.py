"""Cuts Markdown into chunks of 300-500 tokens, by headings first.

Small sections that follow each other share a chunk; a section that is too long becomes several chunks, which
overlap by 50-100 tokens. The embedding model reads 256 tokens, so each chunk is also seen through *windows*:
parts of one section that are short enough to be embedded whole. Search finds windows and answers with chunks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from retrieval.chunking.counting import WordCount
from retrieval.chunking.sections import Group, Limits, Section, sections
from retrieval.chunking.units import Count, Unit, join, last_words, total

MIN_TOKENS = 300
MAX_TOKENS = 500
OVERLAP_MIN = 50
OVERLAP_MAX = 100
WINDOW_TOKENS = 180
#: Part of the content hash of a document: raise it when chunks of unchanged documents must be made again.
CHUNKER_VERSION = "1"


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a chunk, from one section, that is embedded as one vector. At most 180 tokens."""

    section: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage: its place in the document, the first heading path and anchor it falls under, text, token count."""

    ordinal: int
    section: str
    anchor: str
    text: str
    tokens: int
    windows: tuple[Window, ...]


@dataclass(slots=True)
class _Part:
    """The units that one section gives to one chunk; the first `repeated` of them stand in the chunk before too."""

    section: Section
    units: list[Unit] = field(default_factory=list)
    repeated: int = 0


def chunk_markdown(markdown: str, title: str, count: Count) -> list[Chunk]:
    """The chunks of a document in reading order; `count` gives the number of tokens of a text.

    Every word of the document is in some chunk, and no chunk has more than 500 tokens. Lists and tables of up to
    500 tokens are never cut. A document without text has no chunks.
    """
    words = count if isinstance(count, WordCount) else WordCount(count)
    drafts = _assemble(sections(markdown, title, words, Limits(WINDOW_TOKENS, MAX_TOKENS)), words)
    return [_finish(ordinal, parts) for ordinal, parts in enumerate(drafts)]


def _assemble(found: Sequence[Section], count: Count) -> Iterator[list[_Part]]:
    parts: list[_Part] = []
    size = 0
    for section in found:
        coming = section.tokens
        if parts and size + coming > MAX_TOKENS and (size >= MIN_TOKENS or coming <= MAX_TOKENS):
            yield parts
            parts, size = [], 0
        parts.append(_Part(section))
        for group in section.groups:
            if size + total(group) > MAX_TOKENS:
                previous = parts[-1]
                yield [part for part in parts if part.units]
                parts = [_continue(previous, group, count)]
                size = total(parts[0].units)
            parts[-1].units += group
            size += total(group)
    if parts:
        yield parts


def _continue(previous: _Part, following: Group, count: Count) -> _Part:
    """A new part of the same section that begins with the end of the previous one, as far as there is room."""
    room = min(OVERLAP_MAX, MAX_TOKENS - total(following))
    overlap: list[Unit] = []
    for unit in reversed(previous.units):
        if total(overlap) + unit.tokens > room:
            rest = last_words(unit, count, room - total(overlap)) if total(overlap) < OVERLAP_MIN else None
            overlap = [rest, *overlap] if rest else overlap
            break
        overlap.insert(0, unit)
    return _Part(previous.section, overlap, repeated=len(overlap))


def _finish(ordinal: int, parts: Sequence[_Part]) -> Chunk:
    units = [unit if index else replace(unit, glue="\n\n") for part in parts for index, unit in enumerate(part.units)]
    first = parts[0].section
    windows = tuple(window for part in parts for window in _windows(part))
    return Chunk(ordinal, first.path, first.anchor, join(units), total(units), windows)


def _windows(part: _Part) -> Iterator[Window]:
    lines: list[Unit] = []
    for unit in part.units:
        if lines and total(lines) + unit.tokens > WINDOW_TOKENS:
            yield Window(part.section.path, part.section.anchor, join(lines))
            lines = []
        lines.append(unit)
    if lines:
        yield Window(part.section.path, part.section.anchor, join(lines))
