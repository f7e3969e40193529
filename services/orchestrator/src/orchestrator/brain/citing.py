"""From the passages that an answer names to citations with a verbatim quote; shared by both Brains.

A model writes `[1]` (or `[<chunk_id>]`) after what it took from a passage. The marks are taken out of the text as it
streams, and each becomes a citation whose quote is the sentence of that passage that fits the marked one best.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts.turn import Citation
from contracts.turn import Mark as SourceMark
from orchestrator.brain.port import Observation
from orchestrator.brain.sentences import content_words, overlap, sentences_of

_MARK = re.compile(r"[ \t]*\[([^\[\]\n]{1,80})\](?!\()")
_OPEN = re.compile(r"[ \t]*(?:\[[^\[\]\n]{0,80}\]?)?$")
_NO_WORDS = re.compile(r"<[^<>]*>|\(?\w+://\S*|!(?=\[)|[<>\[\]\x00-\x1f\x7f]")
_NUMBERS = re.compile(r"\d{1,3}")
MAX_QUOTE = 300


@dataclass(frozen=True, slots=True)
class Place:
    """A section of a passage in which the search found something: its headings, joined by " > ", the `score` of what it
    found, and how near a question comes that people `asked` there; both in [0, 1].
    """

    section: str
    score: float
    asked: float


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that may be cited. `section`: the heading under which the search found it, "" where a page begins;
    `places`: all sections in which it found something.
    """

    chunk_id: str
    title: str
    url: str
    text: str
    section: str | None = None
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that was taken out: where in the clean text it stood, and which source it names."""

    offset: int
    source: Source


def sources_of(observations: Sequence[Observation]) -> tuple[Source, ...]:
    """The passages that were found in this turn, in their order; a passage's number is its place, from 1."""
    found: dict[str, Source] = {}
    for one in observations:
        for passage in (one.output or {}).get("passages", ()):
            source = Source(
                str(passage["chunk_id"]), str(passage["title"]), str(passage["url"]), str(passage["text"]),
                passage.get("section"), tuple(map(_place, passage.get("places", ()))),
            )  # fmt: skip
            found.setdefault(source.chunk_id, source)
    return tuple(found.values())


def _place(found: Mapping[str, Any]) -> Place:
    return Place(str(found["section"]), float(found["score"]), float(found.get("asked", 0.0)))


class MarkFilter:
    """Takes the marks out of a text that comes in pieces. What might become a mark is held back until it is clear."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._by_name = {str(index): source for index, source in enumerate(sources, 1)}
        self._by_name |= {source.chunk_id: source for source in sources}
        self._held = ""
        self._length = 0
        self.marks: list[Mark] = []

    def feed(self, piece: str) -> str:
        """The clean text that may be shown now."""
        text = self._held + piece
        opening = _OPEN.search(text)
        cut = opening.start() if opening else len(text)
        self._held = text[cut:]
        return self._clean(text[:cut])

    def finish(self) -> str:
        """The clean rest."""
        rest, self._held = self._held, ""
        return self._clean(rest)

    def _clean(self, text: str) -> str:
        if "[" not in text:
            self._length += len(text)
            return text
        clean: list[str] = []
        at = 0
        for found in _MARK.finditer(text):
            names = [name.strip() for name in found.group(1).split(",")]
            if not all(name in self._by_name or _NUMBERS.fullmatch(name) for name in names):
                continue
            kept = text[at : found.start()]
            clean.append(kept)
            self._length += len(kept)
            at = found.end()
            # A number that no passage has is the model's mistake: it goes, and cites nothing.
            self.marks += [Mark(self._length, self._by_name[name]) for name in names if name in self._by_name]
        clean.append(text[at:])
        self._length += len(text) - at
        return "".join(clean)


def citations_of(text: str, marks: Sequence[Mark]) -> tuple[Citation, ...]:
    """One citation per marked passage, in the order of the marks; the first mark of a passage gives its quote."""
    cited: dict[str, Citation] = {}
    for mark in marks:
        before = list(sentences_of(text[: mark.offset]))
        claim = before[-1] if before else text
        cited.setdefault(mark.source.chunk_id, cite(mark.source, claim))
    return tuple(cited.values())


def cite(source: Source, claim: str) -> Citation:
    """The source with the sentence of it that fits `claim` best; every quote is a verbatim span of the passage."""
    wanted = content_words(claim)
    quote = max(sentences_of(source.text), key=lambda one: overlap(wanted, one), default=source.text)
    return Citation(chunk_id=source.chunk_id, title=source.title, url=source.url, quote=quote[:MAX_QUOTE].strip())


def source_line(citations: Sequence[Citation], phrase: str) -> str:
    """How the sources are named in the text: `According to “Title” (URL).`; empty without citations.

    `phrase` is the sentence of the answer's language, with the place `{pages}`.
    """
    pages = {citation.url: citation for citation in citations}
    if not pages:
        return ""
    return phrase.format(pages=", ".join(named(page.title, page.url) for page in pages.values()))


def plain(title: str) -> str:
    """A title as words: who writes pages puts no markup and no further address into an answer."""
    return " ".join(_NO_WORDS.sub(" ", title).split())


def named(title: str, url: str) -> str:
    """A page as it is named in a text: `“Title” (URL)`, or by its title alone when it has no address to open."""
    return f"“{plain(title)}” ({url})" if url.startswith(("http://", "https://")) else f"“{plain(title)}”"


def told_marks(marks: Sequence[Mark]) -> tuple[SourceMark, ...]:
    """The marks as the orchestrator takes them."""
    return tuple(SourceMark(offset=mark.offset, chunk_id=mark.source.chunk_id) for mark in marks)
