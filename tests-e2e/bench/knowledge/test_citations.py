"""The measure of citations: a right source counts, a page that does not answer does not, a refusal is left out."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from citations import Citations

from contracts.tools.retrieval import Passage, SearchOutput
from orchestrator.guard.output.policy import load_output_policy
from servicekit.embedding import Embedder
from servicekit.privacy import Finder

TEXT = "# Returns\n\nYou can return an item within 30 days of delivery. The form is in your account."


@dataclass(frozen=True)
class Question:
    text: str
    pages: frozenset[str]


def found(*, answerable: bool = True) -> SearchOutput:
    passage = Passage(
        chunk_id="c1", document_id="d1", title="Returns", url="https://shop.example/help/returns", section="Returns",
        text=TEXT, score=1.0, similarity=0.8, updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return SearchOutput(passages=(passage,), strength=0.9, gap=0.2, cover=1.0, answerable=answerable)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder.load()


async def test_a_right_page_counts_and_a_wrong_one_does_not(embedder: Embedder) -> None:
    citations = Citations(embedder, load_output_policy(Finder.load()))
    await citations(Question("How long can I return something?", frozenset({"returns"})), found())
    await citations(Question("How long can I return something?", frozenset({"shipping"})), found())
    figures = citations.figures()
    assert (figures.answers, figures.citations, figures.precision) == (2, 2, 0.5)
    assert (figures.unsupported, figures.covered) == (0, 1.0)
    assert "30 days" in citations.cited[0].text


async def test_a_refusal_names_the_page_and_is_no_answer(embedder: Embedder) -> None:
    citations = Citations(embedder, load_output_policy(Finder.load()))
    await citations(Question("Do you sell boats?", frozenset()), found(answerable=False))
    (cited,) = citations.cited
    assert cited.refusal == "not_in_knowledge_base"
    assert "Returns" in cited.text
    assert citations.figures().answers == 0
