"""What it brings to search without the goods that a question names: `python tests-e2e/bench/knowledge/goods.py`.

Asks the English questions under the headings of the starter articles that name any, each while a quarter of all
questions, itself among them, is not in the index: as they are, and with the goods taken out beside it. Prints how many
are answered from the right page, and how many quote the right section.
"""

import asyncio
import shutil
from dataclasses import replace
from typing import cast

from bases import FOLDS, Open, UnderHeading, bases, english, opened, without_share
from fit_sections import Wanted
from run import STATE, VECTORS
from vectors import KeptVectors

from contracts.tools.retrieval import SearchInput
from orchestrator.brain.citing import sources_of
from orchestrator.brain.offline.extracting import MAX_PASSAGES, Extractor, Weights
from orchestrator.brain.offline.remembering import Remembered
from orchestrator.brain.offline.sections import sections_of
from orchestrator.brain.port import Observation
from retrieval.answer_cache import AnswerCache
from retrieval.search import Searcher
from servicekit.clock import SystemClock
from servicekit.embedded.postgres import EmbeddedPostgres
from servicekit.embedding import Embedder, Goods
from servicekit.language import LanguageDetector


class _NoGoods:
    def without(self, text: str) -> str:
        """The text as it is."""
        return text


def main() -> None:
    """Asks, prints."""
    right = asyncio.run(_measured())
    for name, found in right.items():
        pages, sections = sum(page for page, _ in found), sum(section for _, section in found)
        print(f"{name}: of {len(found)} questions {pages} from the right page, {sections} quote the right section")


async def _measured() -> dict[str, list[tuple[bool, bool]]]:
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    postgres, embedder = EmbeddedPostgres(STATE / "postgres", fast=True), Embedder.load()
    goods, languages, remembered = Goods.load(), LanguageDetector.load(), Remembered(embedder, most=100_000)
    ways = {"as they are": cast(Goods, _NoGoods()), "without the goods beside it": goods}
    right: dict[str, list[tuple[bool, bool]]] = {name: [] for name in ways}
    await asyncio.to_thread(postgres.start)
    try:
        starter, _ = bases()
        for fold in range(FOLDS):
            base, left_out = without_share(starter, fold)
            naming = [one for one in english(left_out, languages) if goods.without(one.text) != one.text]
            async with opened(base, postgres, STATE, embedder, KeptVectors(VECTORS, embedder)) as ready:
                for name, way in ways.items():
                    extractor = Extractor(embedder, Weights.load(), remembered, way)
                    searcher = _with(ready, way)
                    right[name] += [await _right(ready, searcher, extractor, one) for one in naming]
        return right
    finally:
        await asyncio.to_thread(postgres.stop)
        embedder.close()


def _with(ready: Open, goods: Goods) -> Searcher:
    clock = SystemClock()
    tools = replace(ready.tools, goods=goods)
    return Searcher(ready.index, tools, AnswerCache(clock, lambda _: None), clock)


async def _right(ready: Open, searcher: Searcher, extractor: Extractor, one: UnderHeading) -> tuple[bool, bool]:
    """Whether the first page is the one, and whether a section that is quoted is."""
    found = await searcher.search(SearchInput(query=one.text))
    if not found.answerable:
        return False, False
    sources = sources_of((Observation("search_kb", {}, found.model_dump(mode="json")),))[:MAX_PASSAGES]
    wanted = Wanted(one.text, frozenset({one.page}), one.heading)
    quoted = [
        section
        for extract in await extractor.extract(one.text, sources)
        for section in sections_of(sources)
        if section.source.chunk_id == extract.source.chunk_id and extract.text[:60] in section.body
    ]
    return ready.slugs[found.passages[0].document_id] == one.page, any(map(wanted.is_right, quoted))


if __name__ == "__main__":
    main()
