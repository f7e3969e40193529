"""Words, their rarity, and typing errors."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.keywords import question_vector, window_vector
from retrieval.lexicon import Lexicon, edit_distance
from retrieval.words import Words
from servicekit.embedding import WordPieces

TEXTS = {
    "shipping": ["Express shipping costs 14.90. Standard shipping and delivery are free."],
    "returns": ["Returns are free within 30 days. A refund follows.", "The warranty covers a return."],
    "cards": ["Gift cards are valid for five years; check the balance of the card."],
}


def content(texts: list[str]) -> list[list[str]]:
    return [Words().content(text) for text in texts]


@pytest.fixture
def lexicon() -> Lexicon:
    made = Lexicon(Words(), WordPieces.load().knows)
    for texts in TEXTS.values():
        made.add(content(texts))
    return made


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("shiping", "shipping"), ("retruns", "returns"), ("refnd", "refund"), ("warrenty", "warranty"),
     ("dleivery", "delivery"), ("giftcard", "gift card"), ("balanse", "balance")],
)  # fmt: skip
def test_a_typing_error_is_put_right(lexicon: Lexicon, typed: str, meant: str) -> None:
    assert lexicon.correct(typed) == ("gift cards" if meant == "gift cards" else meant)


@pytest.mark.parametrize("word", ["cars", "lounge", "loyalty", "returning", "teh", "x1234", "zxcvbnm", "14", ""])
def test_real_words_short_words_and_hopeless_ones_stay(lexicon: Lexicon, word: str) -> None:
    assert lexicon.correct(word) == word


def test_rare_words_weigh_more_and_unknown_ones_most(lexicon: Lexicon) -> None:
    assert 0 < lexicon.idf("return") < lexicon.idf("express") < lexicon.idf("loung")


def test_two_forms_of_a_word_make_it_no_less_rare_than_one() -> None:
    once, twice = (Lexicon(Words(), lambda _: False) for _ in range(2))
    once.add([["return"], ["tent"]])
    twice.add([["return", "returned"], ["tent"]])
    assert twice.idf("return") == once.idf("return")


def test_a_document_taken_out_leaves_no_trace(lexicon: Lexicon) -> None:
    never = Lexicon(Words(), lambda _: False)
    never.add(content(TEXTS["returns"]))
    for name in ("shipping", "cards"):
        lexicon.remove(content(TEXTS[name]))
    assert lexicon.idf("return") == never.idf("return")
    assert not lexicon.has("ship")
    assert lexicon.correct("shiping") == "shiping"


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_edit_distance_is_a_distance(one: str, other: str) -> None:
    found = edit_distance(one, other)
    assert (found == 0) == (one == other)
    assert found == edit_distance(other, one)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))


def test_a_swap_is_one_change() -> None:
    assert edit_distance("retruns", "returns") == 1


def test_forms_of_a_word_share_a_stem_and_stop_words_have_none() -> None:
    words = Words()
    assert words.stems("How do I return the RETURNED returns?") == ["return"] * 3
    assert words.stems("Ada's tent’s poles") == ["ada", "tent", "pole"]


def test_only_changed_words_are_respelled() -> None:
    swap: Callable[[str], str] = {"refnd": "refund"}.get  # type: ignore[assignment]
    assert Words().respell("My REFND, please!", lambda word: swap(word) or word) == "My refund, please!"


def test_keyword_vectors_meet_where_words_meet(lexicon: Lexicon) -> None:
    window = window_vector(Words(), TEXTS["shipping"][0])
    assert len(set(window.indices)) == len(window.indices)
    question = question_vector(lexicon, ["ship", "loung"])
    assert len(question.indices) == 1, "words that no document has are left out"
    assert question.indices[0] in window.indices


@given(st.text())
def test_any_text_can_be_split(text: str) -> None:
    words = Words()
    assert all(word == word.lower() for word in words.split(text))
    words.stems(text)
