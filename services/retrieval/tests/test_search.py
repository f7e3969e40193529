"""Search as a whole: what is kept, what narrows it, and what it says about the question."""

from collections.abc import Callable

import pytest

from contracts.tools.retrieval import SEARCH_KB, SearchOutput
from retrieval.documents import Document
from retrieval.synonyms import Synonyms
from retrieval.words import Words
from servicekit.testing.tool_client import ToolClient


async def ask(service: ToolClient, **asked: object) -> SearchOutput:
    response = await service.call(SEARCH_KB, {**asked})
    assert response.status_code == 200, response.text
    return SearchOutput.model_validate_json(response.content)


async def put(service: ToolClient, document: Document) -> None:
    base = service.app.state.knowledge_base
    await base.ingestor.put(document, "test")
    await base.index.refresh()


def kept(service: ToolClient, result: str) -> float:
    metrics = service.kit.metrics
    return metrics.counter("aiguy_retrieval_answer_cache_total", labels=["result"]).labels(result)._value.get()


@pytest.mark.service
async def test_the_same_question_is_searched_once_until_the_knowledge_changes(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    await put(blank, page("kayaks", body="# Kayaks\n\nA kayak costs 400 USD."))
    first = await ask(blank, query="What does a kayak cost?")
    again = await ask(blank, query="hello, what does a KAYAK cost please")
    assert again == first
    assert (kept(blank, "hit"), kept(blank, "miss")) == (1, 1)
    await put(blank, page("kayaks", body="# Kayaks\n\nA kayak costs 500 USD."))
    assert "500 USD" in (await ask(blank, query="What does a kayak cost?")).passages[0].text


@pytest.mark.service
async def test_documents_from_before_a_day_are_left_out(blank: ToolClient, page: Callable[..., Document]) -> None:
    await put(blank, page("kayaks", body="# Kayaks\n\nA kayak costs 400 USD."))  # updated on 2026-01-01
    assert (await ask(blank, query="kayak", updated_after="2026-01-01")).passages
    assert (await ask(blank, query="kayak", updated_after="2026-01-02")).passages == ()
    refused = await blank.call(SEARCH_KB, {"query": "kayak", "updated_after": "tomorrow"})
    assert refused.status_code == 422


@pytest.mark.service
async def test_it_names_the_place_and_the_words_that_nobody_has(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    await put(
        blank, page("kayaks", body="# Kayaks\n\nAll about kayaks.\n\n## Storing a kayak\n\nKeep it dry in winter.")
    )
    found = await ask(blank, query="where do I store a kayak in winter, and a harpsichord")
    assert found.passages[0].anchor == "storing-a-kayak"
    assert found.missing == ("harpsichord",)
    assert found.score == found.passages[0].score > 0


def test_synonyms_meet_by_their_stems_and_abbreviations_are_written_out() -> None:
    words = Words()
    synonyms = Synonyms.load(words)
    assert words.stem("shipping") in synonyms.alike[words.stem("postage")]
    assert words.stem("postage") in synonyms.alike[words.stem("shipping")]
    assert synonyms.short["pwd"] == "password"
    assert synonyms.also_said(words.split("I want to call off my order")) == {"cancel"}
    assert all(stem not in others for stem, others in synonyms.alike.items())
