"""The span of a passage that carries a claim best, or the reason why none does."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.guard.support.evidence import Evidence, Passage, Unit
from orchestrator.guard.support.facts import Fact, agrees, facts_of
from orchestrator.guard.support.polarity import Turn, disagreement, turns_of
from orchestrator.guard.support.words import WEAK, content

Reason = Literal["no_passage", "words", "number", "name", "unsaid", "negation", "swapped"]

#: The share of a claim's words, weighed by rarity, that its span must have; a little less where the model named it.
COVER, COVER_MARKED = 0.62, 0.5
MAX_SPAN = 3
#: What each sentence of a span of several must bring of its own: words or numbers of the claim.
_OWN = 2
_PARTS = re.compile(r"[.,;:|]\s")
_BEST_STARTS = 12
_WEAKLY, _STRONGLY = 0.35, 2.5


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sentence, or a part of it, says, in comparable form."""

    text: str
    stems: frozenset[str]
    facts: tuple[Fact, ...]
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """`passage.text[start:end]` carries a claim, `cover` of its words."""

    passage: Passage
    start: int
    end: int
    cover: float

    @property
    def quote(self) -> str:
        """The words of the passage, as they stand."""
        return self.passage.text[self.start : self.end]


def claim_of(text: str) -> Claim:
    """A claim from its words."""
    return Claim(text, frozenset(content(text)), facts_of(text), turns_of(text))


def best_span(
    claim: Claim, passages: Sequence[Passage], evidence: Evidence, preferred: Sequence[str] = (), *, words: bool = True
) -> Span | Reason:
    """Where the claim stands: in a preferred passage (chunk id) first. Without `words` only hard facts are compared."""
    weights = _Weights({one: evidence.weight(one) * _force(one) for one in claim.stems if one not in _UNIT_WORDS})
    best: Span | None = None
    worst = Fault("no_passage", 0.0)
    denied = 0.0
    for passage in sorted(passages, key=lambda one: one.chunk_id not in preferred):
        needed = COVER_MARKED if passage.chunk_id in preferred else COVER
        found = _in_passage(claim, passage, weights, needed if words else 0.0)
        if isinstance(found, Fault):
            worst = _worse(worst, found)
            denied = max(denied, found.cover if found.reason == "negation" else 0.0)
        elif best is None or (found.cover > best.cover and best.passage.chunk_id not in preferred):
            best = found
    if best is None:
        return worst.reason
    # One page that says the opposite in the same words weighs more than one that happens to hold them.
    return "negation" if denied >= best.cover else best


_RANK: tuple[Reason, ...] = ("no_passage", "words", "name", "number", "swapped", "unsaid", "negation")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a passage does not carry a claim, and how much of its words the span has that comes nearest."""

    reason: Reason
    cover: float


def _force(stem: str) -> float:
    return _STRONGLY if stem == "free" else _WEAKLY if stem in WEAK else 1.0


def _worse(one: Fault, other: Fault) -> Fault:
    """Of two reasons the one that came nearer to support: it says most."""
    return max(one, other, key=lambda fault: (_RANK.index(fault.reason), fault.cover))


def _in_passage(claim: Claim, passage: Passage, weights: "_Weights", needed: float) -> Span | Fault:
    if not passage.units:
        return Fault("no_passage", 0.0)
    if any(not _names_it(fact, passage) for fact in claim.facts if fact.kind == "name"):
        return Fault("name", 0.0)
    if any(not agrees(fact, passage.facts) for fact in claim.facts if fact.kind != "name"):
        return Fault("number", 0.0)
    # No span of it has more of the claim than the whole passage.
    if (most := weights.share(passage.words)) < needed:
        return Fault("words", most)
    bare = {index: weights.share(unit.words) for index, unit in enumerate(passage.units)}
    counted = [fact for fact in claim.facts if fact.counts]
    starts = sorted(bare, key=lambda index: -bare[index] - _fact_bonus(counted, passage.units[index]))[:_BEST_STARTS]
    worst = Fault("words", max(bare.values()))
    for size in range(1, MAX_SPAN + 1):
        best: Span | None = None
        for start in sorted({one - back for one in starts for back in range(size) if one - back >= 0}):
            units = passage.units[start : start + size]
            if len(units) < size or units[0].section != units[-1].section:
                continue
            words = frozenset().union(*(one.words for one in units))
            cover = weights.share(words)
            if cover < needed or (best is not None and cover < best.cover):
                continue
            fault = _fault(claim, passage, units, words)
            if fault is not None:
                worst = _worse(worst, Fault(fault, cover))
            elif best is None or cover > best.cover:
                best = Span(passage, units[0].start, units[-1].end, cover)
        denied = worst.reason == "negation" and (best is None or worst.cover >= best.cover)
        if best is not None and not denied:
            return best
        if denied:
            # The nearest span denies it; another one that happens to hold the words does not make it true.
            return worst
    return worst


def _fault(claim: Claim, passage: Passage, units: Sequence[Unit], words: frozenset[str]) -> Reason | None:
    here = frozenset().union(*(one.facts for one in units))
    for fact in claim.facts:
        if fact.kind == "name":
            if fact.value not in words and not agrees(fact, here):
                return "name"
        elif not agrees(fact, here) and not (fact.kind in ("code", "link") and agrees(fact, passage.facts)):
            return "number"
    if _swapped(claim, passage, units, words) or not _all_needed(claim, units):
        return "swapped"
    turns = tuple(turn for unit in units for turn in (*unit.turns, *unit.placed))
    if any(_widened(claim, passage, unit) for unit in units):
        return "negation"
    return disagreement(claim.turns, claim.stems, turns)


def _all_needed(claim: Claim, units: Sequence[Unit]) -> bool:
    """Whether each sentence of a wider span brings something of its own; one stray word would join what is apart."""
    if len(units) == 1:
        return True
    for unit in units:
        others = [one for one in units if one is not unit]
        words = (claim.stems & unit.stems) - frozenset().union(*(one.stems for one in others))
        facts = [fact for fact in claim.facts if fact.counts and fact in unit.facts
                 and not any(fact in one.facts for one in others)]  # fmt: skip
        if len(words) + len(facts) < _OWN or (facts and claim.stems and not claim.stems & (unit.stems | unit.around)):
            return False
    return True


def _swapped(claim: Claim, passage: Passage, units: Sequence[Unit], words: frozenset[str]) -> bool:
    """Whether a number of the claim belongs to another subject: its own subject stands beside another number."""
    numbers = [fact for fact in claim.facts if fact.counts]
    if not numbers:
        return False
    missing = claim.stems - words
    for unit in passage.units:
        foreign = claim.stems - _elsewhere(units, unit) if any(unit is one for one in units) else missing
        if len(units) == 1 and unit is units[0]:
            continue
        if unit.label & foreign and any(_rivals(fact, unit.facts) for fact in numbers):
            return True
    return False


def _widened(claim: Claim, passage: Passage, unit: Unit) -> bool:
    """Whether a claim leaves out for whom or from when something is free, or what it is limited to."""
    said = frozenset(fact for fact in claim.facts if fact.counts)
    limited = _has_only(unit.turns) and not _has_only(claim.turns)
    if limited and any(fact.counts for fact in unit.facts) and not any(fact in said for fact in unit.facts):
        return True
    if "free" not in claim.stems or "free" not in unit.stems:
        return False
    text = passage.text[unit.start : unit.end]
    part = next((one for one in _PARTS.split(text) if "free" in one.lower()), "")
    limits = [
        fact for fact in facts_of(part) if fact.counts or (fact.kind == "name" and fact.value not in passage.named)
    ]
    return bool(limits) and not any(
        fact in said or (fact.kind == "name" and fact.value in claim.stems) for fact in limits
    )


def _has_only(turns: Sequence[Turn]) -> bool:
    return any(turn.kind == "only" for turn in turns)


def _elsewhere(units: Sequence[Unit], unit: Unit) -> frozenset[str]:
    """Words of the span's other units: what they share does not tell them apart."""
    return frozenset().union(*(one.stems | one.around for one in units if one is not unit))


def _rivals(fact: Fact, facts: frozenset[Fact]) -> bool:
    """Whether the facts hold another value of the same kind, and not this one."""
    if agrees(fact, facts):
        return False
    return any(one.kind == fact.kind for one in facts)


def _names_it(fact: Fact, passage: Passage) -> bool:
    return fact.value in passage.words or agrees(fact, passage.facts)


_UNIT_WORDS = frozenset(
    content(
        "day days hour hours week weeks month months year years minute minutes usd eur gbp dollar "
        "dollars euro euros percent kg cm mm km working business two three four five six seven "
        "eight nine ten twelve fourteen fifteen twenty thirty forty fifty sixty ninety hundred"
    )
)


class _Weights:
    """How much each word of a claim says."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights
        self._total = sum(weights.values())

    def share(self, words: frozenset[str]) -> float:
        """How much of the weight is in `words`; 1 for a claim without any."""
        if not self._total:
            return 1.0
        return sum(map(self._weights.__getitem__, words.intersection(self._weights))) / self._total


def _fact_bonus(counted: Sequence[Fact], unit: Unit) -> float:
    return 0.3 * sum(agrees(fact, unit.facts) for fact in counted) / len(counted) if counted else 0.0
