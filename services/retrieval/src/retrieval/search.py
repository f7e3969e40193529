"""Search: the question is spelled right, looked up by meaning and by keywords, and the best passages are judged.

question -> typing errors -> embedding + keywords -> index -> fusion -> a policy when one is due -> evidence
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from contracts.tools.retrieval import Passage, SearchInput, SearchOutput
from retrieval.backends.port import Found, Scope, Vector
from retrieval.evidence import judge
from retrieval.index import SearchIndex
from retrieval.keywords import question_vector
from retrieval.policy import clean_query, needs_policy
from retrieval.ranking import CANDIDATES, Ranked, fuse, select, with_policy
from retrieval.words import STOP_WORDS, Words
from servicekit.clock import Clock
from servicekit.embedding import Embedder

#: The evidence rests on this many passages, however many the caller wants to see.
_JUDGED = 5


class Searcher:
    """Answers `search_kb`."""

    def __init__(self, index: SearchIndex, embedder: Embedder, words: Words, clock: Clock) -> None:
        self._index = index
        self._embedder = embedder
        self._words = words
        self._clock = clock

    async def search(self, asked: SearchInput) -> SearchOutput:
        """The best passages for a question and how far they answer it. Raises ProblemError(INDEX_UNAVAILABLE)."""
        self._index.check()
        lexicon = self._index.lexicon
        question = self._words.respell(clean_query(asked.query), self._spell)
        stems = list(dict.fromkeys(self._words.stems(question)))
        dense = (await self._embedder.embed([question]))[0]
        scope = Scope(asked.channel.value, self._clock.now().timestamp(), asked.product_tags)
        ranked = fuse(await self._look_up(dense, stems, scope))
        shown = select(ranked, max(asked.limit, _JUDGED))
        evidence = judge(stems, shown[:_JUDGED], self._words, lexicon)
        chosen = shown[: asked.limit]
        if needs_policy(question, stems) and not any(one.payload.is_policy for one in chosen):
            policies = Scope(scope.channel, scope.now, scope.tags, policies_only=True)
            chosen = with_policy(chosen, fuse(await self._look_up(dense, stems, policies)), asked.limit)
        return SearchOutput(
            passages=tuple(_passage(one) for one in chosen),
            strength=round(evidence.strength, 4),
            gap=round(evidence.gap, 4),
            cover=round(evidence.cover, 4),
            answerable=evidence.answerable,
        )

    async def _look_up(self, dense: Vector, stems: Sequence[str], scope: Scope) -> Found:
        sparse = question_vector(self._index.lexicon, stems)
        return await self._index.search(dense, sparse, scope, CANDIDATES)

    def _spell(self, word: str) -> str:
        return word if word in STOP_WORDS else self._index.lexicon.correct(word)


def _passage(one: Ranked) -> Passage:
    payload = one.payload
    return Passage(
        chunk_id=payload.chunk_id,
        document_id=payload.document_id,
        title=payload.title,
        url=payload.url,
        section=payload.section,
        text=payload.text,
        score=round(one.score, 4),
        similarity=round(one.similarity, 4),
        is_policy=payload.is_policy,
        updated_at=datetime.fromtimestamp(payload.updated_at, UTC),
    )
