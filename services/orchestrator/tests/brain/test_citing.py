"""Marks are taken out of a streamed text and become citations with verbatim quotes."""

from typing import Any

import pytest

from orchestrator.brain.citing import MarkFilter, citations_of, source_line, sources_of

PASSAGES = (
    ("Returns policy", "returns", "You can return items within 30 days. A refund takes 5 days.\n\n- Gift cards stay."),
    ("Shipping", "shipping", "We ship on weekdays. Parcels take 3 to 5 days."),
)


def filtered(text: str, search_result: Any, size: int) -> tuple[str, MarkFilter]:
    marks = MarkFilter(sources_of((search_result("q", *PASSAGES),)))
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    return "".join([*(marks.feed(piece) for piece in pieces), marks.finish()]), marks


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("written", "clean", "cited"),
    [
        ("You have 30 days [1].", "You have 30 days.", ["returns#0"]),
        (
            "30 days. [1] Parcels take days [2].",
            "30 days. Parcels take days.",
            ["returns#0", "shipping#0"],
        ),
        ("Both [1, 2] of them", "Both of them", ["returns#0", "shipping#0"]),
        ("By id [shipping#0]!", "By id!", ["shipping#0"]),
        ("No such [9] page", "No such page", []),
        ("A [link](https://shop.example) stays", "A [link](https://shop.example) stays", []),
        ("Array[x] and [see below] stay", "Array[x] and [see below] stay", []),
        ("Ends open [1", "Ends open [1", []),
        ("Number link [1](https://shop.example)", "Number link [1](https://shop.example)", []),
    ],
)
def test_marks_go_and_all_else_stays_wherever_the_stream_is_cut(
    written: str, clean: str, cited: list[str], size: int, search_result: Any
) -> None:
    text, marks = filtered(written, search_result, size)
    assert text == clean
    assert [citation.chunk_id for citation in citations_of(text, marks.marks)] == cited


def test_the_quote_is_the_sentence_that_carries_the_claim_word_for_word(search_result: Any) -> None:
    text, marks = filtered("First this. Your refund takes five days [1].", search_result, 5)
    (citation,) = citations_of(text, marks.marks)
    assert citation.quote == "A refund takes 5 days."
    assert citation.quote in PASSAGES[0][2]


def test_sources_are_named_once_each(search_result: Any) -> None:
    text, marks = filtered("A [1] B [1] C [2]", search_result, 4)
    line = source_line(citations_of(text, marks.marks), "According to {pages}.")
    assert line == (
        "According to “Returns policy” (https://shop.example/help/returns), "
        "“Shipping” (https://shop.example/help/shipping)."
    )
