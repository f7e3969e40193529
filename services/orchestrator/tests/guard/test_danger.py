"""Fire, gas, poison, injuries and the wish to die are heard without a model, in six languages; no more."""

from pathlib import Path

import pytest
import yaml

from orchestrator.guard.danger import Danger, danger_in

SENTENCES = yaml.safe_load((Path(__file__).parent / "data" / "danger.yaml").read_text("utf-8"))
DANGERS = [
    (kind, text)
    for kind, by_language in SENTENCES["dangers"].items()
    for texts in by_language.values()
    for text in texts
]
HARMLESS = [text for texts in SENTENCES["harmless"].values() for text in texts]
LANGUAGES = {"en", "de", "fr", "es", "it", "nl"}


def test_every_kind_is_tried_in_every_language() -> None:
    assert SENTENCES["dangers"].keys() == {one.value for one in Danger}
    for by_language in (*SENTENCES["dangers"].values(), SENTENCES["harmless"]):
        assert by_language.keys() == LANGUAGES


@pytest.mark.parametrize(("kind", "text"), DANGERS)
def test_a_danger_is_heard(kind: str, text: str) -> None:
    assert danger_in(text) == kind


@pytest.mark.parametrize(("kind", "text"), DANGERS)
def test_it_is_heard_in_capitals_and_in_the_middle_of_other_words(kind: str, text: str) -> None:
    assert danger_in(text.upper()) == kind
    assert danger_in(f"Hello, I ordered a tent on Monday. {text}. Please answer, my number is ABC1234.") == kind


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_sounds_like_it_is_left_alone(text: str) -> None:
    assert danger_in(text) is None


def test_of_two_dangers_the_one_that_is_told_first_is_the_one_that_cannot_wait() -> None:
    assert danger_in("The tent caught fire. I want to die.") is Danger.SELF_HARM
    assert danger_in("the stove leaks gas and my daughter burned her hand") is Danger.GAS


def test_a_hostile_message_costs_no_time() -> None:
    for piece in ("i i i ", "my my son ", "the stove ", "smell smell ", "gas gas ", "burned the ", "me suis ", "sich "):
        assert danger_in((piece * 4_000)[:4_000]) is None
