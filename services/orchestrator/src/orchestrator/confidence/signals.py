"""From facts to signals: each has a value in [0, 1] and says what was seen. A signal without a fact is not there."""

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.confidence.facts import CallSeen, Facts, SearchSeen

#: Every name that a policy must give a weight for, in each tier.
NAMES = (
    "answerable", "retrieval_strength", "retrieval_gap", "retrieval_cover", "citation_cover", "tool_certainty",
    "self_check", "repeated_question", "repaired_reply", "degraded", "foreign_language", "risk_words", "input_flags",
)  # fmt: skip
_CACHED, _RETRIED = 0.8, 0.8
_COERCED, _ASKED_AGAIN = 0.7, 0.3


@dataclass(frozen=True, slots=True)
class Reading:
    """A signal before its weight is known."""

    name: str
    value: float
    reason: str


def readings(facts: Facts) -> tuple[Reading, ...]:
    """The signals of a turn. Of several searches or calls the weakest counts."""
    return tuple(_readings(facts))


def _readings(facts: Facts) -> Iterator[Reading]:
    if facts.searches:
        yield from _of_search(min(facts.searches, key=lambda one: (one.answerable, one.strength)))
    if facts.covered is not None:
        yield Reading("citation_cover", _share(facts.covered), f"{facts.covered:.0%} of the claims have a source")
    if facts.calls:
        yield min((_of_call(one) for one in facts.calls), key=lambda one: one.value)
    if facts.self_check < 1:
        yield Reading("self_check", _share(facts.self_check), f"the model gives itself {facts.self_check:.2f}")
    if facts.asked > 1:
        yield Reading("repeated_question", _share(1 - (facts.asked - 1) / 2), f"asked {facts.asked} times")
    if facts.repairs:
        mended = all(one.startswith("coerced") for one in facts.repairs)
        kinds = ", ".join(sorted({one.partition(":")[0] for one in facts.repairs}))
        yield Reading("repaired_reply", _COERCED if mended else _ASKED_AGAIN, f"the model's reply was mended: {kinds}")
    if facts.degraded:
        yield Reading("degraded", 0.0, "no model answered; the offline policy did")
    if facts.foreign:
        yield Reading("foreign_language", 0.0, "the message is in none of our languages")
    if facts.risk_words:
        yield Reading("risk_words", 0.0, f"speaks of {', '.join(facts.risk_words)}")
    if facts.flags:
        yield Reading("input_flags", 0.0, f"the input guard noticed {', '.join(facts.flags)}")


def _of_search(one: SearchSeen) -> Iterator[Reading]:
    if not one.answerable:
        yield Reading("answerable", 0.0, "the knowledge base has no answer")
    yield Reading("retrieval_strength", _share(one.strength), f"search strength {one.strength:.2f}")
    yield Reading("retrieval_gap", _share(one.gap), f"the next document is {one.gap:.2f} behind")
    yield Reading("retrieval_cover", _share(one.cover), f"the passages have {one.cover:.0%} of the question's words")


def _of_call(one: CallSeen) -> Reading:
    if one.failed:
        return Reading("tool_certainty", 0.0, f"{one.tool} failed")
    value, seen = 1.0, []
    if one.cached:
        value, seen = value * _CACHED, ["answered from the cache"]
    if one.attempts > 1:
        value, seen = value * _RETRIED, [*seen, f"needed {one.attempts} attempts"]
    return Reading("tool_certainty", value, f"{one.tool} {' and '.join(seen) or 'answered'}")


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
