"""Answers are kept by what was asked, for half an hour, and not a moment longer than the knowledge they rest on."""

import pytest

from contracts.tools.retrieval import Channel, SearchInput, SearchOutput
from retrieval.answer_cache import KEPT_S, AnswerCache, cache_key, canonical
from retrieval.words import Words
from servicekit.testing import FakeClock

ANSWER = SearchOutput(passages=(), strength=0.0, gap=0.0, cover=0.0, answerable=False)


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
def cache(clock: FakeClock, counted: list[str]) -> AnswerCache:
    return AnswerCache(clock, counted.append)


@pytest.mark.parametrize(
    "said",
    ["how long is the warranty", "HOW LONG is the warranty?!", "Hello, how long is the warranty please",
     "Could you tell me how long is the warranty? Thank you very much", "ｈｏｗ long is  the warranty"],
)  # fmt: skip
def test_the_same_question_said_otherwise_has_the_same_key(said: str) -> None:
    assert canonical(said, Words()) == "how long is the warranty"


@pytest.mark.parametrize("other", ["is the warranty not long", "how long is no warranty", "please", "thanks"])
def test_words_that_matter_stay(other: str) -> None:
    assert canonical(other, Words()) == other


def test_what_narrows_a_search_is_part_of_its_key() -> None:
    asked = SearchInput(query="x")
    narrower = [
        {"channel": Channel.EMAIL}, {"product_tags": ("tents",)}, {"updated_after": "2026-01-01"}, {"top_k": 3}
    ]  # fmt: skip
    keys = {cache_key(asked.model_copy(update=one), "x", 7, Words()) for one in ({}, *narrower)}
    assert len(keys) == 5
    assert cache_key(asked, "x", 7, Words()) != cache_key(asked, "x", 8, Words())


def test_an_answer_is_kept_for_half_an_hour(cache: AnswerCache, clock: FakeClock, counted: list[str]) -> None:
    cache.put("key", ANSWER)
    clock.advance(KEPT_S - 1)
    assert cache.get("key") is ANSWER
    clock.advance(1)
    assert cache.get("key") is None
    assert counted == ["hit", "miss"]


def test_a_thousand_answers_are_kept_and_the_least_wanted_go_first(cache: AnswerCache) -> None:
    for number in range(1000):
        cache.put(number, ANSWER)
    assert cache.get(0) is ANSWER
    cache.put("one more", ANSWER)
    assert cache.get(0) is ANSWER
    assert cache.get(1) is None
