"""The sections of the passages that were found, and what speaks for each of them as the answer, in numbers."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from orchestrator.brain.citing import Source
from orchestrator.brain.offline.asking import Wanted, has_kind, wanted_by
from orchestrator.brain.offline.commands import asks_for_data
from orchestrator.brain.passages import Unit, units_of
from orchestrator.guard.support.words import content

#: What a question in other words comes to is below this; above it, somebody asked the same before.
ASKED_BEFORE = 0.55
MAX_STEPS = 900
_UNKNOWN = 1.0
_STEPS = re.compile(r"^1[.)][ \t].+(?:\n\d+[.)][ \t].+)+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading of a passage. `rank`: the passage's place among those found, from 0."""

    source: Source
    rank: int
    units: tuple[Unit, ...]

    @property
    def heading(self) -> str:
        """Its heading; "" where a page begins without one."""
        return self.units[0].heading

    @property
    def body(self) -> str:
        """Its text without the heading."""
        return self.source.text[self.units[0].start : self.units[-1].end]

    @property
    def place(self) -> str:
        """The title of the page and its heading."""
        return f"{self.source.title}. {self.heading}"

    @property
    def steps(self) -> tuple[int, int] | None:
        """Where a numbered list of steps stands in the passage's text."""
        first_line = self.source.text.rfind("\n", 0, self.units[0].start) + 1
        found = _STEPS.search(self.source.text, first_line, self.units[-1].end)
        return found.span() if found and len(found[0]) <= MAX_STEPS else None

    def is_at(self, path: str) -> bool:
        """Whether the search means it by this path of headings."""
        heading = path.rsplit(" > ", 1)[-1]
        return self.heading == heading or (not heading and self.units[0].section == 0)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: its words with their rarity in the sections, and the kind of answer that it wants."""

    text: str
    words: frozenset[str]
    wanted: Wanted
    rarity: Mapping[str, float]

    @classmethod
    def of(cls, text: str, sections: Sequence[Section], last: str) -> "Question":
        """A question about these sections; what was said `last` tells the kind of answer that it wants."""
        return cls(text, frozenset(content(text)), wanted_by(last), _rarity(sections))

    def shared(self, text: str) -> float:
        """Which share of the question's words a text has, weighed by their rarity; in [0, 1]."""
        total = sum(self.rarity.get(word, _UNKNOWN) for word in self.words)
        there = self.words & frozenset(content(text))
        return sum(self.rarity.get(word, _UNKNOWN) for word in there) / total if total else 0.0

    def fits(self, text: str) -> bool:
        """Whether a text holds the kind of thing that is asked for."""
        return has_kind(text, self.wanted)


def sections_of(sources: Sequence[Source]) -> list[Section]:
    """All sections, passage by passage. What is for nobody's ears parts a section in two: no quotation spans it."""
    return [
        Section(source, rank, tuple(units))
        for rank, source in enumerate(sources)
        for (_, hidden), units in groupby(units_of(source.text), key=lambda one: (one.section, _hidden(source, one)))
        if not hidden
    ]


def _hidden(source: Source, unit: Unit) -> bool:
    return asks_for_data(source.text[unit.start : unit.end])


def features(asked: Question, section: Section) -> dict[str, float]:
    """What speaks for a section without its meaning: `shared` words; the `kind` of thing asked for is in it; the
    search `found` its passage by it, how well the search liked it (`score`), how near a question comes that people
    `asked` there; `steps` that are asked for are listed in it; and the `rank` of its passage.
    """
    there = [one for one in section.source.places if section.is_at(one.section)]
    return {
        "shared": asked.shared(f"{section.place} {section.body}"),
        "kind": float(asked.fits(section.body)),
        "found": float(section.source.section is not None and section.is_at(section.source.section)),
        "score": max((one.score for one in there), default=0.0),
        "asked": max(0.0, max((one.asked for one in there), default=0.0) - ASKED_BEFORE),
        "steps": float(asked.wanted == "steps" and section.steps is not None),
        "rank": float(section.rank),
    }


def _rarity(sections: Sequence[Section]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for one in sections:
        counts.update(set(content(f"{one.heading} {one.body}")))
    return {word: math.log(1 + len(sections) / count) / math.log(1 + len(sections)) for word, count in counts.items()}
