"""A plain request for a person is recognised without a model, in six languages; other messages are left alone."""

from pathlib import Path

import pytest
import yaml

from orchestrator.guard.human import asks_for_human, needs_human

SENTENCES = yaml.safe_load((Path(__file__).parent / "data" / "human.yaml").read_text("utf-8"))
ASKS = [(language, text) for language, texts in SENTENCES["asks"].items() for text in texts]
DOES_NOT = [(language, text) for language, texts in SENTENCES["does_not"].items() for text in texts]
LANGUAGES = {"en", "de", "fr", "es", "it", "nl"}
STORY = (
    "Hello, I ordered a tent on Monday (order ABC1234) and the zip broke after two nights in the mountains. "
    "I have sent you three photos, and I paid 249.00 EUR by card.\n"
)


def test_there_are_enough_of_both() -> None:
    assert len(ASKS) >= 60
    assert len(DOES_NOT) >= 60
    assert {language for language, _ in ASKS} == {language for language, _ in DOES_NOT} == LANGUAGES


@pytest.mark.parametrize(("language", "text"), ASKS)
def test_asking_for_a_person(language: str, text: str) -> None:
    assert asks_for_human(text)


@pytest.mark.parametrize(("language", "text"), DOES_NOT)
def test_not_asking_for_a_person(language: str, text: str) -> None:
    assert not asks_for_human(text)


def test_the_wish_is_found_inside_a_long_message_too() -> None:
    for language, text in ASKS:
        if len(text.split()) > 1:
            assert asks_for_human(f"{STORY * 12}{text}.\n{STORY}"), (language, text)


def test_a_long_message_without_the_wish_is_left_alone() -> None:
    for language, text in DOES_NOT:
        assert not asks_for_human(f"{STORY * 12}{text}.\n{STORY}"), (language, text)


def test_who_tells_of_a_danger_is_handed_over_without_asking_for_it() -> None:
    assert needs_human("Our kitchen is on fire, order ABC123")
    assert needs_human("Mi hijo se ha tragado una pila")
    assert needs_human("A person, please")
    assert not needs_human("Do you sell fire pits?")


def test_a_hostile_message_costs_no_time() -> None:
    """No pattern tries again and again: a worst case of 4,000 characters is over at once."""
    for piece in ("a ", "talk to a a ", "mit einem einem ", "parler à un un ", "no want ", "un un un "):
        assert not asks_for_human((piece * 4_000)[:4_000])
