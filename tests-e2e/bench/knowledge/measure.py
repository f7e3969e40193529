"""Asks all questions of a base and notes what came: by the product's search, and by each of its signals alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bases import Labelled, Open

from contracts.tools.retrieval import SearchInput, SearchOutput
from retrieval.backends.port import Hit, Scope
from servicekit.clock import SystemClock

OURS, BM25, DEEP, QUICK = "search", "BM25 alone", "dense alone", "quick alone"
SYSTEMS = (OURS, BM25, DEEP, QUICK)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came for one question: slugs by system, best first, each once; `evidence` and refusal by the product."""

    base: str
    question: Labelled
    found: dict[str, list[str]]
    output: SearchOutput

    def recall(self, system: str, depth: int) -> float:
        """1 when a right page is among the first `depth`; of questions that need several pages, their share."""
        there = self.question.pages.intersection(self.found[system][:depth])
        if self.question.needs_all:
            return len(there) / len(self.question.pages)
        return float(bool(there))

    def ndcg(self, system: str) -> float:
        """nDCG@10; where any of several pages answers, the first of them counts and the others are passed over."""
        gains, seen = [], False
        for slug in self.found[system]:
            right = slug in self.question.pages
            if right and seen and not self.question.needs_all:
                continue
            seen = seen or right
            gains.append(float(right))
        wanted = len(self.question.pages) if self.question.needs_all else 1
        best = sum(1 / math.log2(place + 2) for place in range(min(10, wanted)))
        return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10])) / best


class Hook(Protocol):
    """Something else to measure on each question and its five passages, such as citations."""

    async def __call__(self, question: Labelled, output: SearchOutput) -> None:
        """Is called once per question."""


async def ask_all(opened: Open, hooks: Sequence[Hook] = ()) -> list[Asked]:
    """Every question of the base, once."""
    asked = []
    for question in opened.base.questions:
        output = await opened.searcher.search(SearchInput(query=question.text))
        for hook in hooks:
            await hook(question, output)
        asked.append(Asked(opened.base.name, question, await _found(opened, question), output))
    return asked


async def _found(opened: Open, question: Labelled) -> dict[str, list[str]]:
    searcher = opened.searcher
    ten = await searcher.search(SearchInput(query=question.text, top_k=10))
    read = searcher.read(searcher.spelled(question.text))
    now = SystemClock().now().timestamp()
    alone = (await searcher.look_up(read, Scope("web", now))).found
    by_hits = {BM25: alone.keyword, DEEP: alone.deep, QUICK: alone.quick}
    slugs = {name: _slugs(opened, hits) for name, hits in by_hits.items()}
    return {OURS: _once([opened.slugs[one.document_id] for one in ten.passages]), **slugs}


def _slugs(opened: Open, hits: Sequence[Hit]) -> list[str]:
    entries = (opened.index.catalogue.entry(hit.point_id) for hit in hits)
    return _once([opened.slugs[one.document_id] for one in entries if one is not None])


def _once(slugs: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(slugs))
