"""A forked turn, and the counts over many, as lines for a terminal or as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from contracts.money import Money
from onebox.fork_options import Forks
from orchestrator.replay.comparing import Forked, Tally, amounts, plain
from orchestrator.replay.wishes import wish_words

_MICROS = 1_000_000


def sentence(one: Forked) -> str:
    """How the turn went, and would have."""
    return f"{one.turn_id}: {one.change if one.changed else 'the same'}"


def step_lines(one: Forked, forks: Forks) -> Iterator[str]:
    """The steps: those that are the same, those that were, those that would have been; and where it would have gone."""
    for text in one.steps_was[: one.same]:
        yield f"    {text}"
    for mark, rest in (("-", one.steps_was[one.same :]), ("+", one.steps_now[one.same :])):
        for text in rest:
            yield f"  {mark} {text}"
    if one.unknown:
        yield f"  + would {one.unknown}; nothing was recorded for it"
    if one.wish is not None:
        yield f"  + a write that ran nowhere: {wish_words(one.wish)}"
    if forks.tools and not one.changed:
        yield f"    nothing in it follows from {', '.join(sorted(forks.tools))}"


def tally_lines(tally: Tally, forks: Forks) -> Iterator[str]:
    """The counts."""
    yield f"{tally.changed} of {tally.turns} turns would have gone otherwise."
    for (was, now), number in sorted(tally.outcomes.items()):
        yield f"  {number} \u00d7 {plain(was)} \u2192 {plain(now)}"
    yield f"Approvals: {tally.approvals_more} turns need more, {tally.approvals_less} fewer."
    yield f"Hand-overs: {tally.handovers_more} more, {tally.handovers_less} fewer."
    yield (
        f"Money that would need staff and did not: {amounts(tally.money_newly_approved)};"
        f" that did and would not: {amounts(tally.money_no_longer_approved)}."
    )
    if not forks.thinks:
        return
    yield (
        f"Money that would be asked for and was not: {amounts(tally.money_newly_asked)};"
        f" that was and would not be: {amounts(tally.money_no_longer_asked)}."
    )
    yield (
        f"Otherwise proposed: {tally.proposals} turns; told in other words: {tally.answers};"
        f" from other pages: {tally.sources}."
    )
    yield f"Unknown: {tally.unknown} turns, which end where nothing was recorded."
    if forks.asks_a_brain:
        before, after = tally.cost_was / _MICROS, tally.cost_now / _MICROS
        yield f"The models took {before:.6f} USD, and would have taken {after:.6f}."
    if tally.brain_failed:
        yield f"In {tally.brain_failed} turns the model of the fork did not answer, and the offline Brain did."


def as_line(one: Forked, *, steps: bool) -> str:
    """One JSON object."""
    told = {**asdict(one), "changed": one.changed}
    kept = told if steps else {name: told[name] for name in told.keys() - {"steps_was", "steps_now"}}
    return json.dumps(kept, ensure_ascii=False, default=Money.model_dump)
