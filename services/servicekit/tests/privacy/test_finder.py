"""What the finder promises of any text: places in order, nothing twice, the surest claim, known names."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit.privacy import Finder, Kind, hidden


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder.load()


def _told(finder: Finder, text: str, **known: list[str]) -> list[tuple[Kind, str]]:
    return [(one.kind, text[one.start : one.end]) for one in finder.find(text, **known)]


@given(st.text(max_size=400))
def test_findings_are_inside_of_the_text_in_order_and_apart(finder: Finder, text: str) -> None:
    found = finder.find(text)
    places = [place for one in found for place in (one.start, one.end)]
    assert places == sorted(places)
    assert all(one.start < one.end <= len(text) for one in found)


def test_hiding_leaves_everything_else_as_it_was(finder: Finder) -> None:
    text = "Call 020 7946 0958 or mail ada@example.com, not before 10:00."
    assert hidden(text, finder.find(text)) == "Call [phone] or mail [email], not before 10:00."


def test_a_value_is_told_where_it_stands_in_the_text_as_it_was_written(finder: Finder) -> None:
    phone = "\uff0b\uff14\uff19 \uff13\uff10 \uff11\uff12\uff13\uff14\uff15\uff16\uff17"
    text = f"Tel {phone} und a\u200bda@example.com, Rene\u0301 Müller"
    told = _told(finder, text)
    assert (Kind.PHONE, phone) in told
    assert (Kind.EMAIL, "a\u200bda@example.com") in told
    assert any(kind is Kind.NAME and value.endswith("Müller") for kind, value in told)


def test_a_card_number_in_an_order_field_is_still_a_card(finder: Finder) -> None:
    assert _told(finder, "order 4242 4242 4242 4242") == [(Kind.CARD, "4242 4242 4242 4242")]


def test_the_words_around_a_number_decide_what_it_is(finder: Finder) -> None:
    assert _told(finder, "order 612345678") == [(Kind.ORDER, "612345678")]
    assert _told(finder, "call 612345678") == [(Kind.PHONE, "612345678")]
    assert _told(finder, "tracking 612345678") == []


def test_words_with_the_check_digits_of_an_account_are_none_where_its_country_writes_digits(finder: Finder) -> None:
    assert Kind.IBAN not in [kind for kind, _ in _told(finder, "refund me 25 dollars for QZ173763")]
    assert (Kind.IBAN, "ME25 5050 0001 2345 6789 51") in _told(finder, "my account is ME25 5050 0001 2345 6789 51")


def test_an_address_in_a_link_or_mail_is_a_part_of_it(finder: Finder) -> None:
    assert _told(finder, "https://x.example/r?token=ab12&mail=ada@example.com") == [
        (Kind.LINK, "https://x.example/r?token=ab12&mail=ada@example.com")
    ]
    assert _told(finder, "ada@example.com", names=["Ada Example"]) == [(Kind.EMAIL, "ada@example.com")]


def test_a_number_in_a_name_is_an_amount_elsewhere(finder: Finder) -> None:
    told = _told(finder, "I am Tester 184, refund $184.87 please", names=["Tester 184"])
    assert told == [(Kind.NAME, "Tester 184")]


def test_known_names_are_found_in_any_case_and_part(finder: Finder) -> None:
    told = _told(finder, "WIJTZE says the bakker said wijtze  bakker, not wijtzema", names=["Wijtze Bakker"])
    assert told == [(Kind.NAME, "WIJTZE"), (Kind.NAME, "bakker"), (Kind.NAME, "wijtze  bakker")]


def test_a_finder_without_words_leaves_names_alone(finder: Finder) -> None:
    text = "My name is Ada Moreno, ada@example.com"
    assert [kind for kind, _ in _told(Finder.load(words=False), text)] == [Kind.EMAIL]
    assert [kind for kind, _ in _told(finder, text)] == [Kind.NAME, Kind.EMAIL]


@pytest.mark.parametrize(
    "piece",
    [
        "1 ", "1-", "a.", "@", "a@", "Anna ", "12 ab ", "12 main ", "rue de ", "12 rue de la ", "\n", "order no ",
        "address: ", "a1:", "de12 ", "?token=a", "eyJaaaaa.", "-----BEGIN KEY-----", "password is ", "e\u0301",
        "thanks ", "my name is ", " at a dot",
    ],
)  # fmt: skip
def test_a_hostile_text_takes_no_longer_than_its_length_allows(finder: Finder, piece: str) -> None:
    begun = time.process_time()
    finder.find(piece * (12_000 // len(piece)))
    assert time.process_time() - begun < 1.5
