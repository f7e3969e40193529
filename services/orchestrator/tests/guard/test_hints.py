"""A hint may spare a pattern only what cannot match: whatever a pattern matches holds one of its hints."""

import importlib
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import DataObject, data, from_regex

from orchestrator.guard.output.hinted import Hinted, hinted, hinting

MODULES = ("credentials", "internals", "links", "markup")


def _all() -> Iterator[tuple[str, Hinted]]:
    for module in MODULES:
        members = vars(importlib.import_module(f"orchestrator.guard.output.{module}"))
        yield from ((f"{module}.{name}", one) for name, one in members.items() if isinstance(one, Hinted))


ALL = dict(_all())


def test_every_module_with_hints_is_looked_at() -> None:
    assert {name.partition(".")[0] for name in ALL} == set(MODULES)


@pytest.mark.parametrize("name", ALL)
@given(data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_what_a_pattern_matches_holds_a_hint(name: str, drawn: DataObject) -> None:
    one = ALL[name]
    text = drawn.draw(from_regex(one.pattern))
    assert any(hint in hinting(text) for hint in one.hints)
    assert one.matches(text) == (one.pattern.search(text) is not None)


@pytest.mark.parametrize("text", ["FİLE", "fıle", "TOKEN", "ſecret"])
def test_letters_that_a_pattern_takes_for_others_are_hints_too(text: str) -> None:
    assert hinted("file|token|secret", "file token secret", re.IGNORECASE).matches(text)
