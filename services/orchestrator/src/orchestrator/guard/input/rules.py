"""The rules of the input guard, from `policy/input.yaml`, and whether they hold in a text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise, product
from typing import Any

import yaml

from orchestrator.guard.input.lexicon import Hit, Lexicon

_BEFORE = 2
_MOST_ANCHORS = 60
_MOST_NEAR = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """Terms that stand together: all of them `within` so many words, in their order where `ordered`."""

    signal: str
    strength: float
    terms: tuple[str, ...]
    within: int
    ordered: bool
    unless: str | None

    def holds(self, hits: Mapping[str, list[Hit]]) -> tuple[Hit, ...] | None:
        """The terms by which the rule holds first; None when it does not."""
        if any(term not in hits for term in self.terms):
            return None
        rarest = min(self.terms, key=lambda term: len(hits[term]))
        excuses = {one.first for one in hits.get(self.unless, ())} if self.unless else set()
        for anchor in hits[rarest][:_MOST_ANCHORS]:
            near = ([anchor] if term is rarest else self._near(anchor, hits[term]) for term in self.terms)
            for chosen in product(*near):
                if self._together(chosen) and not (excuses and _excused(chosen, excuses)):
                    return chosen
        return None

    def _near(self, anchor: Hit, hits: list[Hit]) -> list[Hit]:
        """Those within reach of the anchor, nearest first; a few are enough."""
        reach = [one for one in hits if abs(one.first - anchor.first) <= self.within]
        return sorted(reach, key=lambda one: abs(one.first - anchor.first))[:_MOST_NEAR]

    def _together(self, chosen: tuple[Hit, ...]) -> bool:
        first, last = min(one.first for one in chosen), max(one.last for one in chosen)
        if len(chosen) > 1 and last - first > self.within:
            return False
        return not self.ordered or all(one.first < other.last for one, other in pairwise(chosen))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression over the folded text."""

    signal: str
    strength: float
    find: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class InputPolicy:
    """See the file. `version` names the rules and the words."""

    version: str
    flag_from: float
    refuse_from: float
    hidden: float
    refusals: int
    rules: tuple[Rule, ...]
    patterns: tuple[Pattern, ...]
    lexicon: Lexicon


def _excused(chosen: tuple[Hit, ...], excuses: set[int]) -> bool:
    """Whether a word that excuses stands between the terms, or right beside them."""
    first, last = min(one.first for one in chosen), max(one.last for one in chosen)
    return any(place in excuses for place in range(first - _BEFORE, last + 2))


def load_input_policy() -> InputPolicy:
    """The policy that ships with the service. Raises KeyError or ValueError when a file is not complete."""
    raw, words = _read("input"), _read("input_terms")
    terms: dict[str, dict[str, str]] = words["terms"]
    policy = InputPolicy(
        version=f"{raw['version']}/{words['version']}", flag_from=float(raw["flag_from"]),
        refuse_from=float(raw["refuse_from"]), hidden=float(raw["hidden"]), refusals=int(raw["refusals"]),
        rules=tuple(_rule(one) for one in raw["rules"]),
        patterns=tuple(
            Pattern(one["signal"], float(one["strength"]), re.compile(one["find"])) for one in raw["patterns"]
        ),
        lexicon=Lexicon(terms),
    )  # fmt: skip
    named = {term for rule in policy.rules for term in (*rule.terms, *((rule.unless,) if rule.unless else ()))}
    if unknown := sorted(named - terms.keys()):
        raise ValueError(f"policy/input.yaml names terms that nobody wrote down: {', '.join(unknown)}")
    return policy


def _rule(raw: Mapping[str, Any]) -> Rule:
    return Rule(
        raw["signal"], float(raw["strength"]), tuple(raw["all"]), int(raw.get("within", 0)),
        bool(raw.get("ordered", False)), raw.get("unless"),
    )  # fmt: skip


def _read(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(
        resources.files("orchestrator.policy").joinpath(f"{name}.yaml").read_text("utf-8")
    )
    return content
