"""What an answer may rest on: passages cut into units, and everything else that was observed, as facts and words."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from orchestrator.brain.sentences import sentence_spans
from orchestrator.guard.support.facts import Fact, facts_of
from orchestrator.guard.support.polarity import Turn, turns_of
from orchestrator.guard.support.words import content

_LINE = re.compile(r"[^\n]+")
_HEADING = re.compile(r"#{1,6}\s+(.+)")
_MARKER = re.compile(r"\s*(?:[-*•+]\s+|\d+[.)]\s+|>\s*)")
_RULE = re.compile(r"[\s|:+-]+$")
_AMOUNT = frozenset({"amount_minor", "currency"})
MAX_UNITS = 400


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item or table row of a passage: `text[start:end]`, with what its place says of it.

    `around`: the words of its heading, of the sentence that leads into its list, of its table's head. `words`: all of
    these and those of the passage's title. `label`: the words that say what it is about, against its neighbours.
    """

    start: int
    end: int
    stems: frozenset[str]
    around: frozenset[str]
    words: frozenset[str]
    label: frozenset[str]
    facts: frozenset[Fact]
    turns: tuple[Turn, ...]
    placed: tuple[Turn, ...]
    section: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found, ready to be compared. `counts`: how many of its units have a word, 0 for others."""

    chunk_id: str
    title: str
    url: str
    text: str
    units: tuple[Unit, ...]
    named: frozenset[str]
    words: frozenset[str]
    counts: Mapping[str, int]
    facts: frozenset[Fact]


@dataclass(frozen=True)
class Evidence:
    """Everything that an answer of this turn may rest on.

    `observed`: texts and values of tools' outputs other than searches; `acted`: there is one. What a comparison needs
    of all this is worked out when the first sentence needs it: one that stands in a passage as it is needs none of it.
    """

    passages: tuple[Passage, ...] = ()
    observed: tuple[tuple[str, Fact | None], ...] = ()
    business: str = ""
    said: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    acted: bool = False
    searched: bool = False

    @cached_property
    def ours(self) -> tuple[Passage, ...]:
        """The business facts and what we said before, as passages."""
        return tuple(passage_of("", "", "", "", text) for text in (self.business, "\n".join(self.said)) if text)

    @cached_property
    def asked(self) -> frozenset[Fact]:
        """Facts of what the customer wrote, which proves nothing."""
        return frozenset(facts_of("\n".join(self.customer)))

    @cached_property
    def told(self) -> frozenset[Fact]:
        """Facts of tools' outputs, of the business facts and of what we said before."""
        values = (fact for _, fact in self.observed if fact is not None)
        return frozenset({*values, *_loose(facts_of(self._told)), *(fact for one in self.ours for fact in one.facts)})

    @cached_property
    def told_words(self) -> frozenset[str]:
        """The words of tools' outputs and of what we said before."""
        return frozenset(content(self._told))

    @cached_property
    def told_text(self) -> str:
        """The text of the same in lower case."""
        return self._told.lower()

    def weight(self, one: str) -> float:
        """How much a word says: the rarer among the passages' units, the more; one that they lack says most."""
        if one not in self._weights:
            count = sum(passage.counts[one] for passage in self.passages)
            self._weights[one] = math.log(1 + (self._units + 1) / (1 + count))
        return self._weights[one]

    @cached_property
    def _weights(self) -> dict[str, float]:
        return {}

    @cached_property
    def _told(self) -> str:
        return "\n".join((*self.said, *(text for text, _ in self.observed)))

    @cached_property
    def _units(self) -> int:
        return sum(len(passage.units) for passage in self.passages)


def evidence_of(
    outputs: Iterable[Mapping[str, Any]], business: str = "", said: Sequence[str] = (), asked: Iterable[str] = ()
) -> Evidence:
    """From the outputs of the turn's tools (searches among them), the business facts, and what both sides wrote."""
    passages: dict[str, Passage] = {}
    observed: list[tuple[str, Fact | None]] = []
    acted = searched = False
    for output in outputs:
        if "passages" in output:
            searched = True
            for one in output["passages"]:
                key = str(one["chunk_id"])
                parts = (str(one["title"]), str(one["url"]), str(one.get("section", "")), str(one["text"]))
                passages.setdefault(key, passage_of(key, *parts))
            continue
        acted = True
        observed += _flat(output)
    return Evidence(
        tuple(passages.values()), tuple(observed), business, tuple(said), tuple(asked), acted, searched
    )  # fmt: skip


@lru_cache(maxsize=256)
def passage_of(chunk_id: str, title: str, url: str, section: str, text: str) -> Passage:
    """A passage with its units. Remembered by content: the same pages answer many questions."""
    named = frozenset(content(f"{title} {section}"))
    units = tuple(_units(text, named))[:MAX_UNITS]
    words = named.union(*(one.words for one in units))
    facts = frozenset({*facts_of(f"{title}\n{section}\n{text}"), Fact("link", url.lower())})
    counts = Counter(stem for one in units for stem in one.stems)
    return Passage(chunk_id, title, url, text, units, named, words, counts, facts)


def _units(text: str, named: frozenset[str]) -> Iterator[Unit]:
    heading, lead, head, section = "", "", "", 0
    last = ""
    for line in _LINE.finditer(text):
        raw = line[0]
        if title := _HEADING.match(raw.strip()):
            heading, lead, head, last = title[1], "", "", ""
            section += 1
            continue
        row = raw.strip().startswith("|")
        if _RULE.fullmatch(raw):
            continue
        marker = _MARKER.match(raw)
        listed = row or (marker is not None and marker.end() > 0)
        if not row:
            head = ""
        elif not head:
            head = raw
        if not listed:
            lead = ""
        elif not lead and last.endswith(":"):
            lead = last
        start = line.start() + (marker.end() if marker and not row else 0)
        place = f"{heading}\n{lead}\n{head if raw != head else ''}"
        spans = [(start + len(raw) - len(raw.lstrip()), line.end())] if row else sentence_spans(text, start, line.end())
        for begin, end in spans:
            yield _unit(text, begin, end, heading, place, named, section, listed=listed)
            last = text[begin:end]


def _unit(
    text: str, start: int, end: int, heading: str, place: str, named: frozenset[str], section: int, *, listed: bool
) -> Unit:
    own = text[start:end].rstrip()
    stems, around = content(own), frozenset(content(place))
    label = frozenset((*stems[: 2 if listed else 1], *content(heading)))
    return Unit(
        start, start + len(own), frozenset(stems), around, around.union(stems, named), label, frozenset(facts_of(own)),
        turns_of(own), turns_of(place) if listed else (), section,
    )  # fmt: skip


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Fact | None]]:
    """The texts and values in a tool's output; an amount in minor units is told as people write it."""
    match value:
        case dict():
            if value.keys() >= _AMOUNT:
                shown = float(value["amount_minor"]) / 100
                amount = f"{shown:.4f}".rstrip("0").rstrip(".")
                yield f"{key} {shown:.2f} {value['currency']}", Fact(str(value["currency"]).upper(), amount)
                return
            for name, item in value.items():
                yield from _flat(item, str(name).replace("_", " "))
        case list() | tuple():
            for item in value:
                yield from _flat(item, key)
        case bool() | None:
            yield key, None
        case int() | float():
            yield f"{key} {value}", Fact("", f"{value:.4f}".rstrip("0").rstrip("."))
        case _:
            yield f"{key} {str(value).replace('_', ' ')}\n{value}", None


def _loose(facts: Iterable[Fact]) -> Iterator[Fact]:
    """Ids may be told by their last four characters."""
    for one in facts:
        yield one
        if one.kind == "code" or (one.kind == "" and len(one.value) >= 4):
            yield Fact("code", one.value[-4:])
            yield Fact("code", one.value)
