"""Search as a whole: what is kept, what narrows it, and what it says about the question."""

from collections.abc import Callable, Sequence
from typing import cast

import pytest

from contracts.knowledge import Document
from contracts.tools.retrieval import SEARCH_KB, SearchOutput
from retrieval.app import build
from retrieval.settings import Settings
from retrieval.synonyms import Synonyms
from retrieval.words import Words
from servicekit.embedding import Embedder
from servicekit.embedding.model import Vectors
from servicekit.testing import FakeClock, eventually
from servicekit.testing.tool_client import ToolClient, tool_service


async def ask(service: ToolClient, **asked: object) -> SearchOutput:
    response = await service.call(SEARCH_KB, {**asked})
    assert response.status_code == 200, response.text
    return SearchOutput.model_validate_json(response.content)


async def put(service: ToolClient, document: Document) -> None:
    base = service.app.state.knowledge_base
    await base.ingestor.put(document, "test")
    await base.index.refresh()


class Listening:
    """An embedder that remembers what it was asked."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.pieces = embedder.pieces
        self.heard: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.heard += texts
        return await self._embedder.embed(texts)


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


@pytest.mark.service
@pytest.mark.parametrize(
    ("question", "answerable", "heard"),
    [
        ("I forgot my password", True, False),
        ("Do you deliver to Mexico by boat?", False, False),
        ("cheap mug arrived in pieces - must I mail the shards back?", True, True),
        ("Can I bring my dog into the shop?", True, True),
    ],
)
async def test_the_deep_model_hears_only_what_the_other_signals_do_not_settle(
    starter_url: str, settings: Settings, clock: FakeClock, embedder: Embedder,
    question: str, answerable: bool, heard: bool,
) -> None:  # fmt: skip
    listening, ours = Listening(embedder), settings.model_copy(update={"database_url": starter_url})
    made = cast(Embedder, listening)
    async with tool_service(lambda kit: build(ours, kit_factory=kit, embedder=made), clock) as service:
        await eventually(lambda: service.app.state.knowledge_base.index.state == "ready")
        found = await ask(service, query=question)
    assert found.answerable is answerable
    assert listening.heard == ([question] if heard else [])


def test_synonyms_meet_by_their_stems_and_abbreviations_are_written_out() -> None:
    words = Words()
    synonyms = Synonyms.load(words)
    assert words.stem("shipping") in synonyms.alike[words.stem("postage")]
    assert words.stem("postage") in synonyms.alike[words.stem("shipping")]
    assert synonyms.short["pwd"] == "password"
    assert synonyms.also_said(words.split("I want to call off my order")) == {"cancel"}
    assert all(stem not in others for stem, others in synonyms.alike.items())


async def test_a_country_is_found_by_the_region_that_a_page_names(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    question = "How much is a parcel to Austria, and is Oslo dearer?"
    await put(blank, page("tents", body="# Tents\n\nOur tents come with pegs and a bag."))
    searcher = blank.app.state.knowledge_base.searcher
    assert searcher.spelled(question) == question
    await put(blank, page("abroad", body="# Abroad\n\nParcels to the European Union cost 19.90 USD, to Norway 24.90."))
    assert searcher.spelled(question) == "How much is a parcel to austria European Union, and is oslo Norway dearer?"
    assert (await ask(blank, query="postage to Vienna")).passages[0].title == "Abroad"


async def test_a_section_is_found_by_the_words_of_those_who_ask_and_shown_in_its_own(
    blank: ToolClient, page: Callable[..., Document]
) -> None:
    body = "# Hammocks\n\nAbout hammocks.\n\n## Load\n\nThey carry 180 kg.\n\n## Colours\n\nGreen and grey."
    question = "Will it hold two chubby uncles?"
    await put(blank, page("hammocks", body=body))
    before = await ask(blank, query=question)
    await put(blank, page("hammocks", body=body, asked={"Load": ("Can a pair of heavy uncles sit in it together?",)}))
    after = await ask(blank, query=question)
    assert after.strength > before.strength
    assert (after.passages[0].title, after.passages[0].section) == ("Hammocks", "Load")
    assert "uncles" not in after.model_dump_json()
    (asked,) = [one.asked for one in after.passages[0].places if one.section == "Load"]
    assert asked > 0.0
    assert {one.asked for passage in before.passages for one in passage.places} == {0.0}
