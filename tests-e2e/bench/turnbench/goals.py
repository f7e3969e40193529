"""The goals, each with what was reached. A goal that could not be measured is not met."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from turnbench.figures import Figures, Measured, percentile, rounds_of
from turnbench.plan import TOKENS
from turnbench.product import OURS, OURS_LITELLM

FRAMEWORKS = ("LangGraph", "Pydantic AI", "litellm")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One goal. `met` None: not measured."""

    goal: str
    reached: str
    met: bool | None


def verdicts(measured: Measured) -> list[Verdict]:
    """All goals, in the order in which they are shown."""
    found = []
    for goal, judge in _GOALS.items():
        try:
            reached, met = judge(measured)
        except LookupError as missing:
            found.append(Verdict(goal, f"not measured: {missing.args[0]}", None))
        else:
            found.append(Verdict(goal, reached, met))
    return found


def _cpu(measured: Measured) -> tuple[str, bool]:
    ours = _at(measured, OURS, 16)
    return f"{ours.cpu:.1f} ms", ours.cpu <= 10


def _ratio(measured: Measured) -> tuple[str, bool]:
    """Within each round, so that what slows both is divided out."""
    ours, theirs = (rounds_of(measured.samples, name, 16) for name in (OURS, "LangGraph"))
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=False)]
    return f"{median(ratios):.2f} × ({_spread(ratios, '.2f')})", median(ratios) <= 0.4


def _added(measured: Measured) -> tuple[str, bool]:
    ours, bare = _at(measured, OURS, 1), _at(measured, "aiohttp", 1)
    return f"{ours.p50 - bare.p50:.1f} ms ({ours.p50:.1f} less {bare.p50:.1f})", ours.p50 - bare.p50 < 25


def _throughput(concurrency: int) -> Callable[[Measured], tuple[str, bool]]:
    def judge(measured: Measured) -> tuple[str, bool]:
        ours = _at(measured, OURS, concurrency).per_second
        theirs = {name: _at(measured, name, concurrency).per_second for name in FRAMEWORKS}
        best = max(theirs, key=lambda name: theirs[name])
        return f"{ours:.0f}/s, the best of theirs {theirs[best]:.0f}/s ({best})", ours > theirs[best]

    return judge


def _memory(measured: Measured) -> tuple[str, bool]:
    if measured.stack_mb is None:
        raise LookupError(OURS)
    split, each = measured.stack_mb
    megabytes = each if split is None else split
    return f"{megabytes:.0f} MiB (shared pages counted in each process: {each:.0f})", megabytes < 1.5 * 1024


def _litellm(measured: Measured) -> tuple[str, bool]:
    ours, bare = (rounds_of(measured.paired, name, 16) for name in (OURS_LITELLM, "litellm"))
    added = [mine - other for mine, other in zip(ours, bare, strict=False)]
    return f"{median(added):.1f} ms ({_spread(added, '.1f')})", median(added) <= 8


def _per_token(measured: Measured) -> tuple[str, bool]:
    if measured.streaming is None:
        raise LookupError(OURS)
    paced = measured.streaming.paced_us
    return f"{paced:.0f} µs (all tokens at once: {measured.streaming.instant_us:.0f})", paced <= 60


def _first_paced(measured: Measured) -> tuple[str, bool]:
    if measured.streaming is None:
        raise LookupError(OURS)
    first = percentile(measured.streaming.paced[TOKENS].firsts, 95)
    return f"{first:.0f} ms", first <= 100


def _first_saturated(measured: Measured) -> tuple[str, bool]:
    first = _at(measured, OURS, 64).first_p95
    return f"{first:.0f} ms", first <= 100


def _spread(values: list[float], form: str) -> str:
    if len(values) == 1:
        return "one round"
    return f"{len(values)} rounds, {min(values):{form}} to {max(values):{form}}"


def _at(measured: Measured, subject: str, concurrency: int) -> Figures:
    found = measured.at(subject, concurrency)
    if found is None:
        raise LookupError(subject)
    return found


_GOALS: dict[str, Callable[[Measured], tuple[str, bool]]] = {
    "CPU per turn, 16 at once: at most 10 ms": _cpu,
    "CPU per turn, 16 at once: at most 0.4 × LangGraph's": _ratio,
    "added to the model's and the tool's own time, p50 alone: below 25 ms": _added,
    "turns per second above theirs, 16 at once": _throughput(16),
    "turns per second above theirs, 64 at once": _throughput(64),
    "memory of the whole stack: below 1.5 GB": _memory,
    "CPU per turn on litellm above its bare loop, 16 at once: at most 8 ms": _litellm,
    "CPU per further token at a model's pace: at most 60 µs": _per_token,
    "first event, p95 of 64 at once, a model's pace: at most 100 ms": _first_paced,
    "first event, p95 of 64 at once, no pause between turns: at most 100 ms": _first_saturated,
}
