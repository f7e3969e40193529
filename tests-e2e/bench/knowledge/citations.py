"""Citations of the offline Brain, measured: is each quote the page's own words, and is the page one that answers?

A runner makes one `Citations` per base and calls it once per question with what the search gave (it is a hook of
`measure.ask_all`); `figures()` then says what came. No search, no server: the Brain answers from the passages that it
is given, and the answer goes through the same guard as in a turn.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from contracts.tools.retrieval import SearchOutput
from contracts.turn import Citation
from orchestrator.brain.offline.answering import Answerer
from orchestrator.brain.offline.extracting import Extractor, Weights
from orchestrator.brain.offline.intents import Embed
from orchestrator.brain.offline.phrasing import Phrases
from orchestrator.brain.offline.remembering import Remembered
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.port import Observation
from orchestrator.effects.phrases import load_phrases
from orchestrator.guard import answer as guard
from orchestrator.guard.checker import Grounds
from orchestrator.guard.ours import Standing, standing
from orchestrator.guard.output.policy import OutputPolicy
from servicekit.embedding import Goods


class Labelled(Protocol):
    """A question and the slugs of the pages that answer it; none when the base has no answer."""

    @property
    def text(self) -> str:
        """The question."""
        ...

    @property
    def pages(self) -> Collection[str]:
        """Slugs of the pages that answer."""
        ...


@dataclass(frozen=True, slots=True)
class Cited:
    """One answer. `verbatim` and `right` count its citations that are the page's words, and of a page that answers."""

    question: str
    text: str
    citations: tuple[Citation, ...]
    verbatim: int
    right: int
    unsupported: int
    covered: float | None
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Over all answers that were given (refusals left out): citation precision, unsupported sentences, mean cover."""

    answers: int
    citations: int
    precision: float
    unsupported: int
    covered: float


def slug_of_url(url: str) -> str:
    """The last part of a page's address or of its `kb:` identity, without an ending."""
    return url.rstrip("/").rsplit("/", 1)[-1].removeprefix("kb:").removesuffix(".md")


@dataclass(slots=True)
class Citations:
    """Answers each question offline and checks the answer; keeps what came in `cited`."""

    embed: Embed
    policy: OutputPolicy
    slug_of: Callable[[str], str] = slug_of_url
    cited: list[Cited] = field(default_factory=list)
    _standing: Standing | None = None
    _answerer: Answerer | None = None

    async def __call__(self, question: Labelled, output: SearchOutput) -> None:
        """Answer and judge one question."""
        self.cited.append(await self.judge(question, output))

    async def judge(self, question: Labelled, output: SearchOutput) -> Cited:
        """What the customer would have been told, and how well its sources hold."""
        found = output.model_dump(mode="json")
        seen = Observation("search_kb", {"query": question.text}, found)
        if self._answerer is None:
            self._answerer = Answerer(
                Phrases(), Extractor(self.embed, Weights.load(), Remembered(self.embed), Goods.load())
            )
        told = await self._answerer.answer(question.text, (seen,), datetime.now(UTC))
        book = load_phrases()
        if self._standing is None:
            self._standing = standing(read_policy("business"), (*book.all_texts(), *Phrases().all_texts()))
        phrases = guard.Phrases(
            book.say("guard_unsupported"), book.say("guard_withheld"), book.say("guard_nearest", page="{page}")
        )
        grounds = Grounds(outputs=(found,), business=self._standing.business, ours=self._standing.is_ours)
        checked = guard.check_answer(told.text, told.citations, (), grounds, _as_it_is, phrases, self.policy)
        texts = {one.chunk_id: one.text for one in output.passages}
        verbatim = [one for one in checked.citations if one.quote in texts.get(one.chunk_id, "")]
        return Cited(
            question=question.text, text=checked.text, citations=checked.citations, verbatim=len(verbatim),
            right=sum(self.slug_of(one.url) in question.pages for one in verbatim),
            unsupported=sum(reason.startswith("unsupported:") for reason in checked.reasons),
            covered=checked.covered, refusal=checked.refusal,
        )  # fmt: skip

    def figures(self) -> Figures:
        """What came of all questions so far."""
        given = [one for one in self.cited if one.refusal is None]
        count = sum(len(one.citations) for one in given)
        covered = [one.covered for one in given if one.covered is not None]
        return Figures(
            answers=len(given), citations=count, precision=sum(one.right for one in given) / count if count else 0.0,
            unsupported=sum(one.unsupported for one in given),
            covered=sum(covered) / len(covered) if covered else 0.0,
        )  # fmt: skip


def _as_it_is(text: str) -> str:
    return text
