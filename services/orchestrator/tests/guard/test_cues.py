"""The cheap signs spare the finder only what it would not find: on texts that people marked, in six languages."""

from pathlib import Path

import pytest

from orchestrator.guard.output.cues import is_somebody, worth_looking_for
from servicekit.privacy import Finder, Kind
from servicekit.testing.labelled import Labelled, read

TEXTS = Path(__file__).parents[3] / "servicekit" / "tests" / "privacy" / "data"


@pytest.fixture(scope="module")
def texts() -> list[Labelled]:
    return read(TEXTS)


def test_nothing_that_the_finder_finds_is_spared(texts: list[Labelled]) -> None:
    finder, spared, looked_for = Finder.load(), [], 0
    for one in texts:
        kinds = worth_looking_for(one.text)
        for found in finder.find(one.text):
            if found.kind in (Kind.ORDER, Kind.LINK, Kind.SECRET):
                continue
            if found.kind is Kind.NAME and not is_somebody(one.text, found.start, found.end):
                continue
            looked_for += 1
            if found.kind not in kinds:
                spared.append((found.kind, one.text[found.start : found.end]))
    assert looked_for > 400
    assert spared == []


def test_most_texts_with_nothing_in_them_are_spared(texts: list[Labelled]) -> None:
    plain = [one.text for one in texts if not one.values]
    assert sum(not worth_looking_for(text) for text in plain) > len(plain) / 2
