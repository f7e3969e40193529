"""Fits `policy/extracting.yaml` of the offline Brain: `python tests-e2e/bench/knowledge/fit_sections.py`.

What it learns from: the questions that people ask under the headings of the starter articles, each asked while a
quarter of them, itself among them, is not in the index; and the questions about the starter articles, by their page or
the words that answer. Prints the numbers, and how often the right section comes first on pages left out of them.
Writes nothing.
"""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import yaml
from bases import FOLDS, Labelled, Open, bases, english, opened, without_share
from corpus.check import questions
from fit import Floats, climb  # one way to climb for both fits
from run import STATE, VECTORS
from vectors import KeptVectors

from contracts.tools.retrieval import SearchInput
from orchestrator.brain.citing import sources_of
from orchestrator.brain.offline.extracting import MAX_PASSAGES, texts_compared, units_compared
from orchestrator.brain.offline.remembering import Remembered
from orchestrator.brain.offline.sections import Question, Section, features, sections_of
from orchestrator.brain.port import Observation
from servicekit.embedded.postgres import EmbeddedPostgres
from servicekit.embedding import Embedder
from servicekit.language import LanguageDetector

LIKELY = ("shared", "kind", "found", "steps", "rank", "score", "asked")
SECTION = (*LIKELY, "near", "sentence")
#: A question of which a twin may stand in the index counts as much as five of which none does.
WITH_TWINS = 5.0
PENALTY = 4.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question with what answers it: the page and heading under which people ask it, or pages and words."""

    text: str
    pages: frozenset[str]
    heading: str | None = None
    quotes: tuple[str, ...] = ()

    def is_right(self, section: Section) -> bool:
        """Whether this section is one that answers."""
        if section.source.url.rsplit("/", 1)[-1] not in self.pages:
            return False
        if self.heading is not None:
            begins = section.heading in ("", section.source.title)
            return section.heading == self.heading or (begins and self.heading == section.source.title)
        return not self.quotes or any(_plain(one) in _plain(section.body) for one in self.quotes)


@dataclass(frozen=True, slots=True)
class Row:
    """A question's sections: a row of `numbers` each (as in SECTION), and which of them are right."""

    page: str
    weight: float
    numbers: Floats
    right: Floats


def main() -> None:
    """Fits, prints."""
    rows = asyncio.run(_rows())
    pages = sorted({one.page for one in rows})
    for name, columns in (("likely", LIKELY), ("section", SECTION)):
        first = []
        for fold in range(FOLDS):
            left_out = set(pages[fold::FOLDS])
            weights = fitted([one for one in rows if one.page not in left_out], columns)
            first += [_is_first(one, weights) for one in rows if one.page in left_out and one.weight == 1]
        print(f"# {name}: the right section first on pages it was fitted without: {np.mean(first):.3f} of {len(first)}")
        found = fitted(rows, columns)
        print(yaml.safe_dump({name: {key: round(float(one), 2) for key, one in zip(columns, found, strict=True)}},
                             sort_keys=False))  # fmt: skip


def fitted(rows: Sequence[Row], columns: Sequence[str]) -> Floats:
    """Listwise logistic regression: the right sections against the others that were found."""
    lists = [
        (one.weight, one.numbers[:, : len(columns)], one.right) for one in rows if 0 < one.right.sum() < len(one.right)
    ]
    spread = np.concatenate([numbers for _, numbers, _ in lists]).std(axis=0) + 1e-6

    def gradient(weights: Floats) -> Floats:
        # The rank's weight is negative; `climb` keeps numbers at or above 0, so the rank is turned round.
        total = -PENALTY * weights
        for weight, numbers, right in lists:
            scaled = numbers / spread * _signs(columns)
            scores = scaled @ weights
            chance = np.exp(scores - scores.max())
            chance /= chance.sum()
            total += weight * (scaled.T @ (right * chance / (right @ chance + 1e-12) - chance))
        return total

    return climb(np.ones(len(columns)), gradient, 200) / spread * _signs(columns)


def _signs(columns: Sequence[str]) -> Floats:
    return np.array([-1.0 if one == "rank" else 1.0 for one in columns])


def _is_first(row: Row, weights: Floats) -> bool:
    return bool(row.right[int(np.argmax(row.numbers[:, : len(weights)] @ weights))])


async def _rows() -> list[Row]:
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    postgres, embedder = EmbeddedPostgres(STATE / "postgres", fast=True), Embedder.load()
    remembered = Remembered(embedder, most=100_000)
    await asyncio.to_thread(postgres.start)
    try:
        starter, _ = bases()
        languages = LanguageDetector.load()
        rows: list[Row] = []
        for fold in range(FOLDS):
            base, asked = without_share(starter, fold)
            left_out = [Wanted(one.text, frozenset({one.page}), one.heading) for one in english(asked, languages)]
            async with opened(base, postgres, STATE, embedder, KeptVectors(VECTORS, embedder)) as ready:
                rows += [row for one in left_out if (row := await _row(ready, one, 1.0, remembered))]
        async with opened(starter, postgres, STATE, embedder, KeptVectors(VECTORS, embedder)) as ready:
            for one in _labelled(starter.questions):
                if row := await _row(ready, one, WITH_TWINS, remembered):
                    rows.append(row)
        return rows
    finally:
        await asyncio.to_thread(postgres.stop)
        embedder.close()


def _labelled(asked: Sequence[Labelled]) -> list[Wanted]:
    quotes = {one["q"]: _quotes(one) for one in questions()["starter"]}
    return [Wanted(one.text, one.pages, None, quotes.get(one.text, ())) for one in asked if one.pages]


def _quotes(row: Mapping[str, object]) -> tuple[str, ...]:
    quote = row.get("quote", ())
    return (quote,) if isinstance(quote, str) else tuple(quote)  # type: ignore[arg-type]


async def _row(ready: Open, wanted: Wanted, weight: float, remembered: Remembered) -> Row | None:
    output = (await ready.searcher.search(SearchInput(query=wanted.text))).model_dump(mode="json")
    sections = sections_of(sources_of((Observation("search_kb", {}, output),))[:MAX_PASSAGES])
    if not sections:
        return None
    asked = Question.of(wanted.text, sections, wanted.text)
    (vector,) = await remembered.embed([wanted.text])
    numbers = []
    for one in sections:
        likeness = await remembered.embed(texts_compared(one, units_compared(asked, one))) @ vector
        known = {**features(asked, one), "near": float(likeness[0]), "sentence": float(likeness[1:].max())}
        numbers.append([known[name] for name in SECTION])
    right = np.array([float(wanted.is_right(one)) for one in sections])
    return Row(min(wanted.pages), weight, np.array(numbers), right)


def _plain(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()
