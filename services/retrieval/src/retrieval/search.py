"""Search: the question is spelled right, looked up by meaning and by keywords, and the best passages are judged.

question -> typing errors -> embedding + keywords -> index -> fusion -> a policy when one is due -> evidence
"""

from datetime import UTC, datetime

from contracts.tools.retrieval import Passage, SearchInput, SearchOutput
from retrieval.backends.port import Question, Scope
from retrieval.evidence import judge
from retrieval.index import SearchIndex
from retrieval.keywords import question_vector
from retrieval.policy import clean_query, needs_policy
from retrieval.question_embedder import QuestionEmbedder
from retrieval.ranking import CANDIDATES, Ranked, fuse, select, with_policy
from retrieval.words import STOP_WORDS, Words
from servicekit.clock import Clock
from servicekit.embedding import Embedder, QuickEmbedder

#: The evidence rests on this many passages, however many the caller wants to see.
_JUDGED = 5


class Searcher:
    """Answers `search_kb`."""

    def __init__(
        self, index: SearchIndex, embedder: Embedder, quick: QuickEmbedder, words: Words, clock: Clock
    ) -> None:
        self._index = index
        self._deep = QuestionEmbedder(embedder.embed)
        self._quick = quick
        self._words = words
        self._clock = clock

    async def search(self, asked: SearchInput) -> SearchOutput:
        """The best passages for a question and how far they answer it. Raises ProblemError(INDEX_UNAVAILABLE)."""
        self._index.check()
        lexicon = self._index.catalogue.lexicon
        question = self._words.respell(clean_query(asked.query), self._spell)
        stems = list(dict.fromkeys(self._words.stems(question)))
        sparse = question_vector(lexicon, stems)
        vectors = Question(await self._deep.vector(question), self._quick.embed([question])[0], sparse)
        scope = Scope(asked.channel.value, self._clock.now().timestamp(), asked.product_tags)
        ranked = await self._look_up(vectors, scope)
        shown = select(ranked, max(asked.top_k, _JUDGED))
        evidence = judge(stems, shown[:_JUDGED], self._words, lexicon)
        chosen = shown[: asked.top_k]
        if needs_policy(question, stems) and not any(one.entry.is_policy for one in chosen):
            policies = Scope(scope.channel, scope.now, scope.tags, policies_only=True)
            chosen = with_policy(chosen, await self._look_up(vectors, policies), asked.top_k)
        return SearchOutput(
            passages=tuple(_passage(one) for one in chosen),
            strength=round(evidence.strength, 4),
            gap=round(evidence.gap, 4),
            cover=round(evidence.cover, 4),
            answerable=evidence.answerable,
        )

    async def _look_up(self, question: Question, scope: Scope) -> list[Ranked]:
        return fuse(await self._index.search(question, scope, CANDIDATES), self._index.catalogue)

    def _spell(self, word: str) -> str:
        return word if word in STOP_WORDS else self._index.catalogue.lexicon.correct(word)


def _passage(one: Ranked) -> Passage:
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
    )
