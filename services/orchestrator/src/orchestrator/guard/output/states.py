"""Statements about where an order stands: only with a look-up of this turn that carries them.

"It has been sent out" is a statement; a question, a condition, a guess, what is denied, and what the customer said are
none. The patterns, and what carries what, are in `policy/states.yaml`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.guard.output.allowed import Allowed
from orchestrator.guard.output.forms import worded
from orchestrator.guard.output.wording import QUESTION, any_of, one_of

#: A yes of Spanish and Italian: without its accent it would be an "if".
_YES = re.compile(r"\bs[íì]\b", re.IGNORECASE)
#: What stands before one of these bears no more on what follows, and nothing so far back does.
_BREAK = re.compile(r"[.;:!?()–—]")
_BEFORE = 200
_NEAR = 60


@dataclass(frozen=True, slots=True)
class State:
    """One state with what carries it."""

    name: str
    hints: tuple[str, ...]
    carried_by: frozenset[str]
    said: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class States:
    """All states, and the words within, before and behind a match that make it no statement of one."""

    kinds: tuple[State, ...]
    within: re.Pattern[str]
    before: re.Pattern[str]
    behind: re.Pattern[str]
    partly: re.Pattern[str]
    part_carried_by: frozenset[str]

    def untrue(self, sentence: str, allowed: Allowed) -> bool:
        """Whether a sentence says of an order what nothing of this turn carries.

        What we said in an earlier turn may be said again until this turn has looked: then the look-up is what counts.
        """
        text = _read(sentence)
        for kind in self.kinds:
            if not any(map(text.__contains__, kind.hints)):
                continue
            empty = any(not self._carried(said, kind, allowed) for said in self._statements(text, kind))
            if empty and (allowed.orders or not any(self._statements(_read(one), kind) for one in allowed.said)):
                return True
        return False

    def _statements(self, text: str, kind: State) -> list[str]:
        """What a text states of this kind, each with the words before it."""
        return [
            f"{before}{found[0]}"
            for found in kind.said.finditer(text)
            if self._is_meant(before := _clause(text, found.start()), found)
        ]

    def _is_meant(self, before: str, found: re.Match[str]) -> bool:
        """Whether a match is a statement: of an order, not denied, guessed, asked, reported, or under a condition."""
        if self.within.search(found[0]) or QUESTION.fullmatch(found.string, found.end()):
            return False
        return not (self.before.search(before) or self.behind.match(found.string, found.end()))

    def _carried(self, statement: str, kind: State, allowed: Allowed) -> bool:
        """Whether a tool did it, or all orders that it names are in such a state, or any when it names none."""
        carriers = kind.carried_by | (self.part_carried_by if self.partly.search(statement) else frozenset())
        told = [state for _, state in allowed.orders]
        if carriers & allowed.done.difference(*told):
            return True
        said = statement.rpartition(",")[2]
        if named := [state for end, state in allowed.orders if end in said]:
            return all(carriers & state for state in named)
        return any(carriers & state for state in told)


def states_of(policy: Mapping[str, Any]) -> States:
    """From the policy file. Raises `re.error` or `KeyError` when it is broken: start-up finds it."""
    words: Mapping[str, Mapping[str, str]] = policy["words"]
    kinds = tuple(
        State(name, tuple(raw["hints"]), frozenset(raw["carried_by"]), any_of(raw["said"], words))
        for name, raw in policy["kinds"].items()
    )
    partly: Mapping[str, Any] = policy["partly"]
    return States(
        kinds, re.compile(one_of(policy["within"])), _before(policy), re.compile(f" ?{one_of(policy['behind'])}"),
        re.compile(one_of(partly["words"])), frozenset(partly["carried_by"]),
    )  # fmt: skip


def _before(policy: Mapping[str, Any]) -> re.Pattern[str]:
    """What may stand before a match, each as far from it as the policy file says."""
    other = "".join(rf"(?<!\b{one} )" for one in policy["part"])
    near, that = (rf"{one_of(policy[name])}[^,]{{0,{_NEAR}}}$" for name in ("near", "that"))
    return re.compile(f"{one_of(policy['before'])}|{near}|{that}|{other}{one_of(policy['beside'])} $")


def _clause(text: str, end: int) -> str:
    """What stands before a match and still bears on it."""
    return _BREAK.split(text[max(0, end - _BEFORE) : end])[-1]


def _read(sentence: str) -> str:
    return worded(_YES.sub("", sentence)).lstrip(",;:! ")
