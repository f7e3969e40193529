"""Promises, and statements that something was done or will be paid: only with what carries them.

A tool of this turn carries both kinds; a page that speaks of it carries the general statement ("we e-mail you when it
ships"), never that something was done for this customer. The patterns are in `policy/promises.yaml`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.guard.output.allowed import Allowed
from orchestrator.guard.output.forms import worded
from orchestrator.guard.output.rule import Rule
from orchestrator.guard.output.wording import ASKING, QUESTION, any_of


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of promise with what carries it."""

    name: str
    rule: Rule
    hints: tuple[str, ...]
    carried_by: frozenset[str]
    page: re.Pattern[str]
    will: re.Pattern[str]
    done: re.Pattern[str]
    asked: bool
    offered: bool
    denied: bool

    def is_hinted(self, text: str) -> bool:
        """Whether a word stands in a text without which it is no promise of this kind."""
        return any(map(text.__contains__, self.hints))


@dataclass(frozen=True, slots=True)
class Promises:
    """All kinds, and the words that make a sentence no promise."""

    kinds: tuple[Kind, ...]
    hedges: re.Pattern[str]
    denials: re.Pattern[str]
    before: re.Pattern[str]
    offers: re.Pattern[str]

    def empty(self, sentence: str, page: str, allowed: Allowed) -> Iterator[Rule]:
        """The rules that a sentence breaks; `page` is the text of the passages that carry it, empty when none does."""
        text = worded(sentence)
        hinted = [kind for kind in self.kinds if kind.is_hinted(text) and not kind.carried_by & allowed.done]
        known = worded(page) if hinted else ""
        for kind in hinted:
            done = not QUESTION.fullmatch(text) and self._says(text, kind, kind.done, known)
            if not done and not self._says(text, kind, kind.will, known):
                continue
            if not done and kind.page.search(known):
                continue
            # What we said in an earlier turn passed this rule then.
            pattern = kind.done if done else kind.will
            if not any(self._says(worded(one), kind, pattern) for one in allowed.said):
                yield kind.rule

    def _says(self, text: str, kind: Kind, pattern: re.Pattern[str], known: str = "") -> bool:
        """Whether one of the matches is meant: not denied, hedged, asked or offered, nor the words of the page."""
        if kind.asked and ASKING.fullmatch(text) and self.offers.search(text):
            return False
        if kind.offered and self.offers.search(text):
            return False
        return any(
            not (kind.denied and (self.denials.search(found[0]) or self.before.search(text[: found.start()])))
            and not self.hedges.search(text[: found.start()])
            and found[0] not in known
            for found in pattern.finditer(text)
        )


def promises_of(policy: Mapping[str, Any]) -> Promises:
    """From the policy file. Raises `re.error` or `KeyError` when it is broken: start-up finds it."""
    words: Mapping[str, Mapping[str, str]] = policy["words"]
    kinds = tuple(_kind(name, raw, words) for name, raw in policy["kinds"].items())
    return Promises(
        kinds, re.compile(policy["hedges"]), re.compile(policy["denials"]), re.compile(policy["before"]),
        re.compile(policy["offers"]),
    )  # fmt: skip


def _kind(name: str, raw: Mapping[str, Any], words: Mapping[str, Mapping[str, str]]) -> Kind:
    return Kind(
        name, Rule(raw["rule"]), tuple(raw["hints"]), frozenset(raw["carried_by"]), re.compile(raw["page"]),
        any_of(raw.get("will", {}), words), any_of(raw.get("done", {}), words), bool(raw.get("asked", False)),
        bool(raw.get("offered", False)), bool(raw.get("denied", True)),
    )  # fmt: skip
