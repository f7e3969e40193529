"""How well the finder does on texts that people marked: `data/`, in six languages and the forms of many countries."""

from pathlib import Path

import pytest

from servicekit.privacy import STRUCTURED, Finder, Kind
from servicekit.testing.labelled import Labelled, read, score

TEXTS = Path(__file__).parent / "data"
WORDS = (Kind.NAME, Kind.ADDRESS)


@pytest.fixture(scope="module")
def finder() -> Finder:
    return Finder.load()


@pytest.fixture(scope="module")
def texts() -> list[Labelled]:
    return read(TEXTS)


def test_the_set_is_large_enough_to_say_something(texts: list[Labelled]) -> None:
    assert sum(bool(one.values) for one in texts) >= 600
    assert sum(not one.values for one in texts) >= 250
    assert {value.kind for one in texts if one.held_out for value in one.values} == set(Kind)


@pytest.mark.parametrize("held_out", [False, True], ids=["fitted to", "held out"])
def test_most_of_what_stands_there_is_found_and_little_else(
    finder: Finder, texts: list[Labelled], held_out: bool
) -> None:
    counted = score(finder, [one for one in texts if one.held_out is held_out])
    wrong = "\n".join((*counted.missed, *counted.wrong))
    assert counted.recall(STRUCTURED) >= 0.97, wrong
    assert counted.precision(STRUCTURED) >= 0.97, wrong
    for kind in WORDS:
        assert counted.recall([kind]) >= 0.85, wrong
        assert counted.precision([kind]) >= 0.9, wrong


def test_texts_with_nothing_in_them_are_left_alone(finder: Finder, texts: list[Labelled]) -> None:
    counted = score(finder, [one for one in texts if not one.values])
    assert len(counted.wrong) <= 3, counted.wrong


def test_the_score_sees_what_is_missed_and_what_is_wrong(texts: list[Labelled]) -> None:
    blind = score(Finder({}), texts)
    assert blind.recall(Kind) == 0
    assert len(blind.missed) == sum(len(one.values) for one in texts)
    mute = [Labelled(one.text, (), held_out=False) for one in texts if one.values]
    assert score(Finder.load(), mute).precision(Kind) == 0
