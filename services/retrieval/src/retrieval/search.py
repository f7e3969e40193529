"""Search: the question is spelled right, looked up by three signals, and the best passages are ranked and judged.

question -> typing errors -> cache? -> quick vector + keywords -> index -> fusion -> re-ranking -> evidence
         -> settled? -> or once more with the deep vector -> policy

The deep vector costs more than all the rest together, and changes nothing where the other two signals settle it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from contracts.tools import retrieval as contract
from contracts.tools.retrieval import Passage, SearchInput, SearchOutput
from retrieval.answer_cache import AnswerCache, cache_key
from retrieval.backends.port import Found, Question, Scope, Vector
from retrieval.evidence import Evidence, is_settled, judge
from retrieval.index import SearchIndex
from retrieval.keywords import question_vector
from retrieval.meanings import Meanings, unit
from retrieval.policy import clean_query, needs_policy
from retrieval.question_embedder import QuestionEmbedder
from retrieval.ranking import CANDIDATES, Considered, Place, Ranked, consider, fuse, places, rank, select, with_policy
from retrieval.reading import Asked, Reader
from retrieval.rerank import Reranker
from retrieval.synonyms import Synonyms
from retrieval.weights import Weights
from retrieval.words import STOP_WORDS, Words
from servicekit.clock import Clock
from servicekit.embedding import Embedder, Goods, QuickEmbedder

#: The evidence rests on this many passages, however many the caller wants to see.
_JUDGED = 5


@dataclass(frozen=True, slots=True)
class Tools:
    """What a searcher works with besides the index. `reranker` is None without a model of that kind."""

    embedder: Embedder
    quick: QuickEmbedder
    words: Words
    synonyms: Synonyms
    weights: Weights
    goods: Goods
    reranker: Reranker | None = None


@dataclass(frozen=True, slots=True)
class LookUp:
    """One look into the index: the lists as found, and the windows that were fused from them with their features."""

    found: Found
    considered: Sequence[Considered]


@dataclass(frozen=True, slots=True)
class _Weighed:
    """What a question was looked up with, the chunks that came of it, where in them, and how far they answer it."""

    vectors: Question
    considered: Sequence[Considered]
    ranked: list[Ranked]
    evidence: Evidence


class Searcher:
    """Answers `search_kb`."""

    def __init__(self, index: SearchIndex, tools: Tools, cache: AnswerCache, clock: Clock) -> None:
        self._index = index
        self._tools = tools
        self._deep = QuestionEmbedder(tools.embedder.embed)
        self._reader = Reader(tools.words, tools.quick, tools.synonyms)
        self.meanings = Meanings(index.catalogue.vocabulary, tools.quick)
        self._cache = cache
        self._clock = clock

    async def search(self, asked: SearchInput) -> SearchOutput:
        """The best passages for a question and how far they answer it. Raises ProblemError(INDEX_UNAVAILABLE)."""
        self._index.check()
        text = self.spelled(asked.query)
        key = cache_key(asked, text, self._index.revision, self._tools.words)
        kept = self._cache.get(key)
        if kept is None:
            kept = await self._answer(text, asked)
            self._cache.put(key, kept)
        return kept

    def spelled(self, query: str) -> str:
        """The query without placeholders, its typing errors put right, its abbreviations and regions written out."""
        return self._tools.words.respell(clean_query(query), self._spell)

    def read(self, text: str) -> Asked:
        """A spelled question as it is compared with windows."""
        return self._reader.question(text, self._index.catalogue.lexicon)

    async def look_up(self, question: Asked, scope: Scope) -> LookUp:
        """What all three signals have for a question. Raises ProblemError(INDEX_UNAVAILABLE)."""
        return await self._look_up(question, await self._deepened(question, self._vectors(question)), scope)

    async def _answer(self, text: str, asked: SearchInput) -> SearchOutput:
        question = self.read(text)
        scope = Scope(asked.channel.value, self._clock.now().timestamp(), asked.product_tags, False, _day(asked))
        weighed = await self._weighed(question, scope)
        # The evidence is fitted on this order; a cross-encoder only changes what is shown.
        ranked, evidence = weighed.ranked, weighed.evidence
        if self._tools.reranker is not None:
            ranked = await self._tools.reranker.order(text, ranked)
        chosen = select(ranked, asked.top_k)
        where = places(weighed.considered, self._tools.weights)
        if needs_policy(text, question.stems) and not any(one.entry.is_policy for one in chosen):
            policies = Scope(scope.channel, scope.now, scope.tags, True, scope.updated_after)
            second = await self._look_up(question, weighed.vectors, policies)
            chosen = with_policy(chosen, rank(second.considered, self._tools.weights), asked.top_k)
            where = places(second.considered, self._tools.weights) | where
        return SearchOutput(
            passages=tuple(_passage(one, where) for one in chosen),
            strength=round(evidence.strength, 4),
            gap=round(evidence.gap, 4),
            cover=round(evidence.cover, 4),
            answerable=evidence.answerable,
            score=round(chosen[0].score, 4) if chosen else 0.0,
            missing=tuple(question.words[place] for place in question.unknown),
        )

    async def _weighed(self, question: Asked, scope: Scope) -> _Weighed:
        vectors = self._vectors(question)
        looked_up = await self._look_up(question, vectors, scope)
        weighed = self._weigh(question, vectors, looked_up)
        if is_settled(weighed.evidence, weighed.ranked):
            return weighed
        vectors = await self._deepened(question, vectors)
        return self._weigh(question, vectors, await self._look_up(question, vectors, scope, looked_up.found))

    def _weigh(self, question: Asked, vectors: Question, looked_up: LookUp) -> _Weighed:
        ranked = rank(looked_up.considered, self._tools.weights)
        tops = self.tops(looked_up.found)
        return _Weighed(
            vectors, looked_up.considered, ranked, judge(question, select(ranked, _JUDGED), tops, self._tools.weights)
        )

    def _vectors(self, question: Asked) -> Question:
        beside = question.said.union(*question.alike)
        sparse = question_vector(self._index.catalogue.lexicon, question.stems, beside)
        return Question(None, _between(self._tools.quick.embed(self._readings(question))), sparse)

    async def _deepened(self, question: Asked, vectors: Question) -> Question:
        readings = [await self._deep.vector(one) for one in self._readings(question)]
        return replace(vectors, deep=_between(np.stack(readings)))

    def _readings(self, question: Asked) -> list[str]:
        """The question, and beside it the one that it is without the goods that it names."""
        return list(dict.fromkeys((question.text, self._tools.goods.without(question.text))))

    async def _look_up(self, question: Asked, vectors: Question, scope: Scope, known: Found | None = None) -> LookUp:
        found = await self._index.search(vectors, scope, CANDIDATES, known)
        candidates = fuse(found, self._index.catalogue)
        return LookUp(found, consider(question, candidates, self.meanings, self._tools.weights))

    def tops(self, found: Found) -> list[str]:
        """The document that each signal puts first; signals without hits have none."""
        firsts = (side[0].point_id for side in (found.deep, found.quick, found.keyword) if side)
        entries = (self._index.catalogue.entry(one) for one in firsts)
        return [one.document_id for one in entries if one is not None]

    def _spell(self, word: str) -> str:
        synonyms, lexicon = self._tools.synonyms, self._index.catalogue.lexicon
        if word in synonyms.short:
            return synonyms.short[word]
        region = synonyms.regions.get(word)
        if region is not None and all(map(lexicon.has, self._tools.words.stem_set(region))):
            return f"{word} {region}"
        return word if word in STOP_WORDS else lexicon.correct(word)


def _between(vectors: Vector) -> Vector:
    """The direction between the rows, of length 1."""
    vector: Vector = unit(vectors.sum(axis=0, keepdims=True))[0]
    return vector


def _day(asked: SearchInput) -> float | None:
    """Midnight before the day that the caller named. A day that its month does not have counts on into the next."""
    if asked.updated_after is None:
        return None
    year, month, day = map(int, asked.updated_after.split("-"))
    midnight = datetime.combine(date(year, month, 1) + timedelta(days=day - 1), datetime.min.time(), UTC)
    return midnight.timestamp() - 0.001  # the scope leaves out what was updated at that very moment


def _passage(one: Ranked, where: Mapping[str, Sequence[Place]]) -> Passage:
    entry = one.entry
    return Passage(
        chunk_id=entry.chunk_id,
        document_id=entry.document_id,
        title=entry.title,
        url=entry.url,
        section=entry.section,
        text=entry.text,
        score=round(one.score, 4),
        similarity=round(one.similarity, 4),
        is_policy=entry.is_policy,
        updated_at=datetime.fromtimestamp(entry.updated_at, UTC),
        anchor=entry.anchor,
        places=tuple(
            contract.Place(section=place.section, score=round(place.score, 4), asked=round(place.asked, 4))
            for place in where.get(entry.chunk_id, ())
        ),
    )
