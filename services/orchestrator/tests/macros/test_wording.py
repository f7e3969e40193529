"""Places that are filled in or left open, what stands masked, and how much of a macro was kept."""

import pytest

from orchestrator.macros.wording import (
    filled,
    kept_share,
    masked,
    masked_kinds,
    numbers_of,
    open_places,
    unknown_places,
    words_of,
)

MACRO = "Hello {customer_name}, order {order_number} left our warehouse today. You get a mail with its number."


def test_places_are_filled_with_what_is_known_and_stay_open_otherwise() -> None:
    assert filled(MACRO, {"order_number": "ABC-1"}).startswith("Hello {customer_name}, order ABC-1 left")
    assert open_places(filled(MACRO, {"order_number": "ABC-1"})) == ("customer_name",)
    assert open_places(filled(MACRO, {"order_number": "ABC-1", "customer_name": "Ada"})) == ()
    assert unknown_places("{order_number} {discount} {discount} {a b}") == ("discount", "a b")


def test_a_value_that_looks_like_a_place_is_not_filled_in_again() -> None:
    assert filled("{customer_name}", {"customer_name": "{order_number}", "order_number": "X"}) == "{order_number}"


@pytest.mark.parametrize(
    ("sent", "least", "most"),
    [
        (MACRO.replace("{customer_name}", "Ada").replace("{order_number}", "A1"), 0.9, 1.0),
        (
            "Hello Ada, order A1 left our warehouse today. You get a mail with its number. Sorry for the wait!",
            0.8,
            0.95,
        ),
        ("Your money is on its way back.", 0.0, 0.3),
    ],
)
def test_how_much_of_a_macro_was_kept(sent: str, least: float, most: float) -> None:
    assert least <= kept_share(MACRO, sent) <= most


def test_texts_without_words_are_alike_and_nothing_is_divided_by_zero() -> None:
    assert kept_share("{customer_name}", "!!") == 1.0
    assert kept_share("{customer_name}", "Hello") == 0.0


def test_masked_things_are_neither_words_nor_numbers() -> None:
    assert words_of("Write to <email> about <order>, don't wait") == ["write", "to", "about", "don't", "wait"]
    assert numbers_of("2 of 14,50 on <phone>") == ("14,50", "2")


def test_tokens_lose_what_names_their_value_and_what_was_missed_is_masked_too(finder) -> None:
    told = masked("Write to <email_k7q2m4xd> or kim@shop.example, not <b>", finder)
    assert told == "Write to <email> or <email>, not <b>"
    assert masked_kinds(told) == ("email", "b")
