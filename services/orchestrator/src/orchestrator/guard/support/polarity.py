"""Negations and exceptions, each with the words that it is about. They must agree between a claim and its source."""

import re
from dataclasses import dataclass
from typing import Literal

from orchestrator.guard.support.words import WORD, is_content, plain, stem

Kind = Literal["not", "only", "except", "unless"]

_CLAUSE = re.compile(
    r"[,;:.!?()|\n–—]|\b(?:but|and|although|though|while|because|so that|as long as|if|when|once|as)\b"
)
_NOT = frozenset({"not", "never", "no", "cannot", "without", "neither", "nor", "none", "nothing", "nobody", "nowhere"})
_ONLY = frozenset({"only", "solely", "exclusively"})
_EXCEPT = frozenset({"except", "excluding", "excluded", "exception", "exceptions"})
_PREFIXED = re.compile(r"\b(?:non-|un(?=available|used|opened|limited|able|wanted|worn))")
_PHRASES = (
    (re.compile(r"\bcan't|\bcan not\b"), "cannot"), (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(?:apart from|other than|with the exception of|aside from)\b"), "except"),
    (re.compile(r"\bif not\b"), "unless"), (re.compile(r"\bnot only\b"), ""), (re.compile(r"\bno longer\b"), "not"),
    (re.compile(r"\bno more than\b"), "at most"), (re.compile(r"\bno matter\b"), ""),
    (re.compile(r"\bno\. (?=\d)"), ""),
    (re.compile(r"\bimpossible\b"), "not possible"), (re.compile(r"\bfail(?:s|ed)? to\b"), "not"),
)  # fmt: skip
#: A text without any of these has no turn: what is one, and what the phrases make one of.
_TURNING = (
    _NOT | _ONLY | _EXCEPT | {"unless", "can", "apart", "other", "aside", "if", "impossible", "fail", "fails", "failed"}
)
#: What stands beside a negation as a rule and is not what it denies.
_LIGHT = frozenset({"able", "need", "have", "possible", "longer", "yet", "currently", "any"})


#: What a negation is about stands among the next words.
_NEAR = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """One negation or exception: the stems it is about, the nearest first."""

    kind: Kind
    scope: tuple[str, ...]

    @property
    def head(self) -> str:
        """What it denies or limits first; empty when nothing follows."""
        return self.scope[0] if self.scope else ""


def turns_of(text: str) -> tuple[Turn, ...]:
    """The negations and exceptions of a text."""
    lowered = plain(text)
    if "n't" not in lowered and _TURNING.isdisjoint(WORD.findall(lowered)) and not _PREFIXED.search(lowered):
        return ()
    lowered = _PREFIXED.sub("not ", lowered)
    for pattern, word in _PHRASES:
        lowered = pattern.sub(word, lowered)
    found: list[Turn] = []
    before: list[str] = []
    for clause in _CLAUSE.split(lowered):
        words = WORD.findall(clause or "")
        for index, word in enumerate(words):
            kind = _kind(word)
            if kind is not None:
                after = _stems(words[index + 1 :])
                found.append(Turn(kind, after or tuple(reversed(_stems(words[:index]))) or tuple(before)))
        before = list(reversed(_stems(words)))
    return tuple(found)


def disagreement(
    claim: tuple[Turn, ...], claim_stems: frozenset[str], source: tuple[Turn, ...]
) -> Literal["unsaid", "negation"] | None:
    """`negation`: the source denies or limits what the claim says. `unsaid`: only the claim does."""
    left = list(source)
    for turn in claim:
        match = next((one for one in left if _alike(one.kind, turn.kind) and _meets(turn, one, claim_stems)), None)
        if match is None:
            return "unsaid"
        # One negation of the source stands for one of the claim: denied twice is not denied.
        left.remove(match)
    return "negation" if any(_concerns(one, claim_stems) for one in left) else None


def _concerns(turn: Turn, stems: frozenset[str]) -> bool:
    """Whether a source's turn is about what the claim says."""
    if not turn.scope:
        return False
    shared = sum(1 for one in turn.scope if one in stems)
    if turn.kind in ("except", "unless"):
        # The rule itself is what an exception limits: a claim that leaves it out says too much.
        return True
    if turn.kind == "only":
        return shared >= 2 and turn.head not in stems
    return turn.head in stems or 2 * shared >= len(turn.scope)


def _meets(one: Turn, other: Turn, claim_stems: frozenset[str]) -> bool:
    """Whether a claim's turn and a source's are about the same."""
    if not one.scope or not other.scope:
        return True
    if one.kind != other.kind:
        return other.head in claim_stems
    return one.head in other.scope[:_NEAR] or other.head in one.scope[:_NEAR]


def _alike(one: Kind, other: Kind) -> bool:
    return one == other or {one, other} <= {"except", "unless"} or {one, other} <= {"except", "not"}


def _kind(word: str) -> Kind | None:
    if word in _NOT:
        return "not"
    if word in _ONLY:
        return "only"
    if word in _EXCEPT:
        return "except"
    return "unless" if word == "unless" else None


def _stems(words: list[str]) -> tuple[str, ...]:
    return tuple(stem(word) for word in words if is_content(word) and word not in _LIGHT)
