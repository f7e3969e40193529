"""One-time codes as they are written: found however they come back, and left in nothing that is kept."""

import pytest

from orchestrator.channels.email.codes import codes_in, make_code, quotes, without_codes, words_beside
from orchestrator.channels.email.parsing import parse
from orchestrator.effects.phrases import load_phrases

KEY = b"k" * 32
CODE = make_code(KEY, "trn_1|ada@example.org")


def test_a_code_is_the_same_for_the_same_turn_and_address_and_another_for_any_other() -> None:
    assert make_code(KEY, "trn_1|ada@example.org") == CODE
    others = {make_code(KEY, f"trn_{n}|ada@example.org") for n in range(2000)}
    others |= {make_code(KEY, "trn_1|ada+x@example.org"), make_code(b"l" * 32, "trn_1|ada@example.org")}
    assert len(others) == 2002
    assert all(codes_in(one) == [one] for one in others)


def test_its_letters_are_as_good_as_evenly_spread() -> None:
    said = "".join(make_code(KEY, f"trn_{n}") for n in range(2000)).replace("-", "")
    counts = [said.count(letter) for letter in "BCDFGHJKLMNPQRSTVWXZ"]
    assert sum(counts) == 16_000
    assert 650 < min(counts) < max(counts) < 950


@pytest.mark.parametrize(
    "text",
    [
        "WDJB-MJHT", "wdjb-mjht", "WDJBMJHT", "WDJB MJHT", "WDJB\u2011MJHT", "WDJB \u2013 MJHT", "It is WDJB-MJHT.",
        "<WDJB-MJHT>", "Code:WDJB-MJHT\nThanks", "**WDJB-MJHT**",
    ],
)  # fmt: skip
def test_it_is_found_however_people_and_programs_write_it_and_never_kept(text: str) -> None:
    assert codes_in(text) == ["WDJB-MJHT"]
    kept = without_codes(text).upper()
    assert "WDJB" not in kept
    assert "MJHT" not in kept


@pytest.mark.parametrize(
    "text",
    [
        "Where is order ABC123?", "12345678", "1234-5678", "WDJB-MJH", "WDJB-MJHTX", "AWDJB-MJHT", "long-term",
        "WD-JB-MJ-HT", "INV-2026-0001", "WDJB\nMJHT", "\u212adjb-mjht", "",
    ],
)  # fmt: skip
def test_what_is_no_code_is_left_as_it_is(text: str) -> None:
    assert codes_in(text) == []
    assert without_codes(text) == text


def test_what_is_said_beside_it_is_told_apart() -> None:
    assert words_beside(" WDJB-MJHT \n") == ""
    assert words_beside("WDJB-MJHT.") == ""
    assert words_beside("My code: WDJB-MJHT\nAnd how long is the warranty?") == (
        "My code:  \nAnd how long is the warranty?"
    )


def test_a_quoted_code_is_not_among_what_is_said_anew() -> None:
    phrases = load_phrases()
    quoted = "\r\n".join(f"> {line}" for line in phrases.say("prove_code", code=CODE, minutes="10").split("\n"))
    body = f"What is this about?\r\n\r\nOn Mon, 23 Nov 2026 at 08:00, Shop <support@shop.example> wrote:\r\n{quoted}"
    said = parse(f"From: ada@example.org\r\nSubject: Re: x\r\n\r\n{body}".encode()).text
    assert codes_in(said) == []


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "it", "nl"])
def test_our_words_are_known_again_however_a_program_breaks_and_marks_them(language: str) -> None:
    ours = load_phrases().in_language(language).say("prove_nobody")
    words = ours.split()
    middle = len(words) // 2
    broken = f"| {' '.join(words[:middle])}\n>> *{' '.join(words[middle:])}*"
    assert quotes(f"Away until Monday.\n{CODE}\n{broken}", ours)
    assert not quotes(f"{CODE}\n{' '.join(words[:middle])}", ours)
