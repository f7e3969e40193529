"""Answers from passages, word for word: first the section that fits the question best, then the sentences in it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.brain.citing import Source
from orchestrator.brain.offline.intents import Embed, Vectors
from orchestrator.brain.offline.remembering import Remembered
from orchestrator.brain.offline.sections import Question, Section, features, sections_of
from orchestrator.brain.passages import Unit
from orchestrator.brain.policy_files import read_policy
from servicekit.embedding import Goods

MAX_PASSAGES = 3
#: Embeddings cost milliseconds each: the texts of so many sections are compared with the question.
MAX_SECTIONS = 8
MAX_UNITS = 8
MAX_QUOTE = 420
#: Of a second section that is nearly as likely to be meant, and of the first beside it.
MAX_QUOTE_OF_TWO = 300
EMBEDDED_CHARS = 200
#: How likely a second section has to be beside the best one, to be quoted too: of the same page, and of another.
_AS_LIKELY, _AS_LIKELY_ELSEWHERE = 0.35, 0.5
_LEAD_BONUS = 0.08
_KIND_BONUS = 0.07
#: How good a neighbouring sentence has to be beside the best one: what a section says seldom fits in one sentence.
_FURTHER = 0.3


@dataclass(frozen=True, slots=True)
class Extract:
    """A verbatim span of a passage. `likeness`: of what comes nearest to the question in all that was compared."""

    source: Source
    text: str
    likeness: float


@dataclass(frozen=True, slots=True)
class Weights:
    """`policy/extracting.yaml`: what the features of a section weigh, before and after its texts are compared."""

    likely: Mapping[str, float]
    section: Mapping[str, float]

    @classmethod
    def load(cls) -> "Weights":
        """The ones that come with the service."""
        content = read_policy("extracting")
        return cls(content["likely"], content["section"])


class Extractor:
    """Quotes the passages. `remembered` keeps the vectors of their texts between questions."""

    def __init__(self, embed: Embed, weights: Weights, remembered: Remembered, goods: Goods) -> None:
        self._embed = embed
        self._weights = weights
        self._remembered = remembered
        self._goods = goods

    async def extract(self, question: str, sources: Sequence[Source], last: str = "") -> tuple[Extract, ...]:
        """The sentences that answer, of one section or of two; none when nothing can be quoted.

        `last`: what was said last, where `question` is what was said before together with it.
        """
        sections = sections_of(sources[:MAX_PASSAGES])
        asked = Question.of(question, sections, last or question)
        likely = _likely(asked, sections, self._weights.likely)
        if not likely:
            return ()
        # What was said last counts beside all of it, and what it asks without the goods that it names in passing.
        readings = dict.fromkeys((question, last or question, self._goods.without(last or question)))
        vector = (await self._embed.embed(list(readings))).mean(axis=0)
        compared = [(one, units_compared(asked, one)) for one, _ in likely]
        texts = [texts_compared(one, units) for one, units in compared]
        likeness = await self._remembered.embed([text for each in texts for text in each]) @ vector
        near = np.split(likeness, np.cumsum([len(each) for each in texts])[:-1])
        scores = np.array([self._score(known, each) for (_, known), each in zip(likely, near, strict=True)])
        order = [int(place) for place in np.argsort(-scores, kind="stable")]
        if steps := _with_steps([likely[place] for place in order]):
            order = [order[steps], *order[1:steps], *order[steps + 1 :], order[0]]
        chosen = order[:1]
        if len(order) > 1 and _is_too(likely[order[0]][0], likely[order[1]][0], scores[order[1]] - scores.max()):
            chosen = sorted(order[:2], key=lambda one: (likely[one][0].rank, likely[one][0].units[0].start))
        room = MAX_QUOTE if len(chosen) == 1 else MAX_QUOTE_OF_TWO
        nearest = max(float(each[1:].max()) for each in near)
        spans = [(compared[place][0].source, _span(asked, *compared[place], near[place][1:], room)) for place in chosen]
        return tuple(Extract(source, source.text[start:end], nearest) for source, (start, end) in spans)

    def _score(self, known: Mapping[str, float], likeness: Vectors) -> float:
        """How well a section answers: `near` is the likeness of its beginning, `sentence` that of its best part."""
        numbers = {**known, "near": float(likeness[0]), "sentence": float(likeness[1:].max())}
        return sum(weight * numbers[name] for name, weight in self._weights.section.items())


def _with_steps(likely: Sequence[tuple[Section, Mapping[str, float]]]) -> int:
    """The place of the section to quote, of those in the order in which they answer: the first one, unless steps are
    asked for and it is how a page with a list of them begins. By hand: the questions that the weights are fitted on
    stand under headings, so that pages without such questions are not what they know.
    """
    first, _ = likely[0]
    if first.heading not in ("", first.source.title) or first.steps is not None:
        return 0
    page = [known["steps"] if one.source.url == first.source.url else 0.0 for one, known in likely]
    return page.index(1.0) if 1.0 in page else 0


def _is_too(best: Section, other: Section, behind: float) -> bool:
    """Whether another section is to be quoted too; `behind`: its score less that of the best one."""
    return behind >= math.log(_AS_LIKELY if other.source.url == best.source.url else _AS_LIKELY_ELSEWHERE)


def _span(asked: Question, section: Section, units: Sequence[Unit], likeness: Vectors, room: int) -> tuple[int, int]:
    """Where the sentences of a section that answer begin and end; steps are quoted whole."""
    if asked.wanted == "steps" and section.steps is not None:
        return section.steps
    texts = [section.source.text[unit.start : unit.end] for unit in units]
    scores = [
        0.6 * float(near) + 0.4 * asked.shared(text) + (_KIND_BONUS if asked.fits(text) else 0.0)
        + (_LEAD_BONUS if index == 0 else 0.0)
        for index, (near, text) in enumerate(zip(likeness, texts, strict=True))
    ]  # fmt: skip
    first, last = _grown(units, scores, room)
    return units[first].start, units[last].end


def units_compared(asked: Question, section: Section) -> tuple[Unit, ...]:
    """The parts of a section that are compared: of a long one those around the part that shares most words."""
    units = section.units
    if len(units) <= MAX_UNITS:
        return units
    shares = [asked.shared(section.source.text[unit.start : unit.end]) for unit in units]
    first = max(0, min(max(range(len(units)), key=lambda one: shares[one]) - 2, len(units) - MAX_UNITS))
    return units[first : first + MAX_UNITS]


def texts_compared(section: Section, units: Sequence[Unit]) -> list[str]:
    """The section's beginning, then each of the units, as they are compared with the question."""
    parts = (section.source.text[unit.start : unit.end] for unit in units)
    return [
        f"{section.place}. {section.body[:EMBEDDED_CHARS]}",
        *(f"{section.heading}. {text[:EMBEDDED_CHARS]}" for text in parts),
    ]


def _likely(
    asked: Question, sections: Sequence[Section], weights: Mapping[str, float]
) -> list[tuple[Section, Mapping[str, float]]]:
    """The sections for which most speaks before any text is compared, each with its features."""
    known = [features(asked, one) for one in sections]
    scores = [sum(weight * numbers[name] for name, weight in weights.items()) for numbers in known]
    ranked = sorted(range(len(sections)), key=lambda one: -scores[one])
    return [(sections[one], known[one]) for one in ranked[:MAX_SECTIONS]]


def _grown(units: Sequence[Unit], scores: Sequence[float], room: int) -> tuple[int, int]:
    """The best unit with its neighbours, the better one first, while they are good beside it and all is short."""
    best = max(range(len(units)), key=lambda one: scores[one])
    first = last = best
    while True:
        beside = [one for one in (first - 1, last + 1) if 0 <= one < len(units)]
        fitting = [
            one for one in beside
            if scores[one] >= _FURTHER * scores[best]
            and units[max(one, last)].end - units[min(one, first)].start <= room
        ]  # fmt: skip
        if not fitting:
            return first, last
        nearer = max(fitting, key=lambda one: scores[one])
        first, last = min(first, nearer), max(last, nearer)
