"""Fits `weights.yaml` of retrieval: `python tests-e2e/bench/knowledge/fit.py`.

What it learns from: the dev half of all questions; and the questions that people ask under the headings of the starter
articles, each while a quarter of them, itself among them, is not in the index, and while none is: those are written as
customers write. Prints the new numbers, and how they do on each base when they are fitted without it. Writes nothing.
"""

import asyncio
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from bases import FOLDS, Labelled, Open, bases, english, opened, without_questions, without_share
from numpy.typing import NDArray
from run import STATE, VECTORS
from vectors import KeptVectors

from retrieval.backends.port import Found, Scope
from retrieval.evidence import evidence_features
from retrieval.ranking import CANDIDATES, Considered, consider, fuse, rank, select
from retrieval.reading import Asked
from retrieval.weights import Weights
from servicekit.clock import SystemClock
from servicekit.embedded.postgres import EmbeddedPostgres
from servicekit.embedding import Embedder
from servicekit.language import LanguageDetector

RANKING = (
    "deep",
    "quick",
    "deep_rank",
    "quick_rank",
    "keyword_rank",
    "meaning",
    "heading",
    "named",
    "sentence",
    "pairs",
)
EVIDENCE = ("deep", "meaning", "unknown", "agreement", "missing", "doubt", "asked", "length")
#: Questions under headings are many and of one shop: what one of them weighs in the ranking, and in the evidence, where
#: those whose pages were taken away are all that stands against them.
UNDER_HEADINGS, UNDER_HEADINGS_SURE = 0.3, 0.01
#: A question whose pages were taken away is less surely unanswerable than one that was labelled so.
TAKEN_AWAY = 0.05

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One question as seen before anything is weighed. `about`: the base that it asks about; `right`: which of
    `considered` are of a right page; `taken`: its pages were taken away, so that it has no answer.
    """

    about: str
    base: str
    half: str
    answerable: bool
    taken: bool
    asked: Asked
    considered: Sequence[Considered]
    right: Floats
    tops: Sequence[str]


def main() -> None:
    """Fits on the dev half, prints."""
    rows = asyncio.run(_rows())
    dev = [one for one in rows if one.half == "dev"]
    for name in sorted({one.about for one in rows}):
        weights = fitted([one for one in dev if one.about != name])
        _report(f"{name}, fitted without it", weights, [one for one in rows if one.base == name])
    weights = fitted(dev)
    for name in sorted({one.base for one in rows}):
        _report(f"{name}, held out", weights, [one for one in rows if one.base == name and one.half == "test"])
    evidence = {"intercept": weights.intercept, **weights.evidence}
    found = {
        "ranking": {name: round(float(weight), 3) for name, weight in weights.ranking.items()},
        "evidence": {name: round(weight, 3) for name, weight in evidence.items()},
        "deep_from_quick": {"offset": round(weights.deep_offset, 3), "slope": round(weights.deep_slope, 3)},
    }
    print(yaml.safe_dump(found, sort_keys=False))


def fitted(rows: Sequence[Row]) -> Weights:
    """Weights from these rows: first the deep cosine from the quick one, then the ranking, then the evidence on it."""
    offset, slope = _deep_from_quick(rows)
    ranking = dict(zip(RANKING, _ranking(rows), strict=True))
    only_ranking = Weights(0, ranking, {}, 0.0, offset, slope)
    features = [_evidence(one, only_ranking) for one in rows]
    kept = [(one, numbers) for one, numbers in zip(rows, features, strict=True) if numbers is not None]
    labels = np.array([float(one.answerable) for one, _ in kept])
    costs = np.array([_cost(one) for one, _ in kept])
    *evidence, intercept = _logistic(np.array([numbers for _, numbers in kept]), labels, costs)
    by_name = {name: float(one) for name, one in zip(EVIDENCE, evidence, strict=True)}
    return Weights(0, ranking, by_name, float(intercept), offset, slope)


def _cost(row: Row) -> float:
    if row.base != row.about:
        return UNDER_HEADINGS_SURE * (UNDER_HEADINGS if row.taken else 1.0)
    return TAKEN_AWAY if row.taken else 1.0


async def _rows() -> list[Row]:
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    postgres, embedder = EmbeddedPostgres(STATE / "postgres", fast=True), Embedder.load()
    await asyncio.to_thread(postgres.start)
    try:
        rows: list[Row] = []
        starter, large = bases()
        for base in (starter, large):
            async with opened(base, postgres, STATE, embedder, KeptVectors(VECTORS, embedder)) as ready:
                rows += [row for one in base.questions for row in await _rows_of(ready, base.name, base.name, one)]
        bare, languages = without_questions(starter), LanguageDetector.load()
        shares = [without_share(starter, fold) for fold in range(FOLDS)]
        asked = [
            [Labelled(one.text, "asked", "test" if fold == 0 else "dev", frozenset({one.page}))
             for one in english(left_out, languages)]
            for fold, (_, left_out) in enumerate(shares)
        ]  # fmt: skip
        every = [one for share in asked for one in share]
        for base, kind, left_out in [
            *((one, "asked", asked[fold]) for fold, (one, _) in enumerate(shares)),
            (bare, "bare", every),
        ]:
            async with opened(base, postgres, STATE, embedder, KeptVectors(VECTORS, embedder)) as ready:
                rows += [row for one in left_out for row in await _rows_of(ready, starter.name, kind, one)]
        return rows
    finally:
        await asyncio.to_thread(postgres.stop)
        embedder.close()


async def _rows_of(ready: Open, about: str, base: str, question: Labelled) -> list[Row]:
    """The question, and once more without the pages that answer it."""
    asked = ready.searcher.read(ready.searcher.spelled(question.text))
    scope = Scope("web", SystemClock().now().timestamp())
    found = (await ready.searcher.look_up(asked, scope)).found

    def row(lists: Found, *, taken: bool) -> Row:
        considered = consider(
            asked, fuse(lists, ready.index.catalogue, CANDIDATES), ready.searcher.meanings, Weights.load()
        )
        slugs = [ready.slugs[one.candidate.entry.document_id] for one in considered]
        right = np.array([float(one in question.pages) for one in slugs])
        answerable = bool(question.pages) and not taken
        return Row(about, base, question.half, answerable, taken, asked, considered, right, ready.searcher.tops(lists))

    rows = [row(found, taken=False)]
    if question.pages and not question.needs_all:
        rows.append(row(_without(found, ready, question.pages), taken=True))
    return rows


def _without(found: Found, ready: Open, pages: frozenset[str]) -> Found:
    def is_left(point: str) -> bool:
        entry = ready.index.catalogue.entry(point)
        return entry is not None and ready.slugs[entry.document_id] not in pages

    deep, quick, keyword = (
        tuple(hit for hit in side if is_left(hit.point_id)) for side in (found.deep, found.quick, found.keyword)
    )
    return Found(deep, quick, keyword)


def _matrix(row: Row, names: Sequence[str]) -> Floats:
    return np.array([[one.features[name] for name in names] for one in row.considered], dtype=np.float64)


def _ranking(rows: Sequence[Row], penalty: float = 1.0, steps: int = 500) -> Floats:
    """Listwise logistic regression with weights of at least 0: the right windows against the others found."""
    lists = [
        (1.0 if one.base == one.about else UNDER_HEADINGS, _matrix(one, RANKING), one.right)
        for one in rows
        if 0 < one.right.sum() < len(one.right)
    ]

    def gradient(weights: Floats) -> Floats:
        total = -penalty * weights
        for weight, features, right in lists:
            scores = features @ weights
            chance = np.exp(scores - scores.max())
            chance /= chance.sum()
            total += weight * (features.T @ (right * chance / (right @ chance + 1e-12) - chance))
        return total

    return climb(np.ones(len(RANKING)), gradient, steps)


def climb(start: Floats, gradient: Callable[[Floats], Floats], steps: int) -> Floats:
    """Adam, kept at or above 0."""
    weights, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, steps + 1):
        slope = gradient(weights)
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights += 0.1 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
        weights = np.maximum(weights, 0.0)
    return weights


def _evidence(row: Row, weights: Weights) -> list[float] | None:
    passages = select(rank(row.considered, weights), 5)
    if not passages:
        return None
    numbers = evidence_features(row.asked, passages, row.tops)
    return [numbers[name] for name in EVIDENCE]


def _logistic(features: Floats, labels: Floats, costs: Floats, penalty: float = 1.0) -> Floats:
    """Logistic regression on standardised features by Newton's method; the last number is the intercept."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    scaled = np.hstack([(features - mean) / spread, np.ones((len(features), 1))])
    weights, ridge = np.zeros(scaled.shape[1]), np.eye(scaled.shape[1]) * penalty
    ridge[-1, -1] = 0.0
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(scaled @ weights, -30, 30)))
        curve = (scaled * (costs * chance * (1 - chance))[:, None]).T @ scaled + ridge
        weights += np.linalg.solve(curve, scaled.T @ (costs * (labels - chance)) - ridge @ weights)
    plain = weights[:-1] / spread
    return np.append(plain, weights[-1] - plain @ mean)


def _deep_from_quick(rows: Sequence[Row]) -> tuple[float, float]:
    pairs = [(one.candidate.quick, one.candidate.deep) for row in rows for one in row.considered]
    quick, deep = np.array([(a, b) for a, b in pairs if b is not None]).T
    slope, offset = np.polyfit(quick, deep, 1)
    return float(offset), float(slope)


def _report(title: str, weights: Weights, rows: Sequence[Row]) -> None:
    judged: dict[str, list[bool]] = {"answerable": [], "unanswerable": [], "taken away": []}
    first = []
    for row in rows:
        numbers = _evidence(row, weights)
        total = sum(w * n for w, n in zip(weights.evidence.values(), numbers or [0.0] * len(EVIDENCE), strict=True))
        kind = "answerable" if row.answerable else "taken away" if row.taken else "unanswerable"
        judged[kind].append(total + weights.intercept < 0)
        if row.answerable and row.right.any():
            best = rank(row.considered, weights)[0].entry.chunk_id
            first.append(any(r for r, one in zip(row.right, row.considered, strict=True)
                             if one.candidate.entry.chunk_id == best))  # fmt: skip
    shares = ", ".join(f"{kind} {sum(one) / max(1, len(one)):.3f} of {len(one)}" for kind, one in judged.items())
    print(f"{title}: first right {sum(first) / max(1, len(first)):.3f}; refused: {shares}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
