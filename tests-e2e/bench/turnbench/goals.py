"""The goals, each with what was reached. A goal that could not be measured is not met."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from turnbench.figures import Figures, Measured, rounds_of
from turnbench.many_streams import PER_SECOND, STREAMS
from turnbench.paced import Paced
from turnbench.percentiles import percentile
from turnbench.plan import TOKENS
from turnbench.product import OURS, OURS_LITELLM, OURS_WHOLE

#: What was reached, and whether that is enough. Raises LookupError when it was not measured.
Judge = Callable[[Measured], tuple[str, bool]]
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


def _throughput(concurrency: int) -> Judge:
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


def _litellm(name: str) -> Judge:
    def judge(measured: Measured) -> tuple[str, bool]:
        pair = measured.paired.get(name, [])
        ours, bare = (rounds_of(pair, one, 16) for one in (name, "litellm"))
        added = [mine - other for mine, other in zip(ours, bare, strict=False)]
        return f"{median(added):.1f} ms ({_spread(added, '.1f')})", median(added) <= 8

    return judge


def _added_paced(at: int, most_ms: int) -> Judge:
    def judge(measured: Measured) -> tuple[str, bool]:
        added = _paced(measured).added_p95(at)
        return f"{added:.0f} ms", added <= most_ms

    return judge


def _waited(tools: int, most_ms: int) -> Judge:
    def judge(measured: Measured) -> tuple[str, bool]:
        p95 = _paced(measured).p95(tools, 64)
        return f"{p95 / 1000:.2f} s", p95 <= most_ms

    return judge


def _many(measured: Measured) -> tuple[str, bool]:
    if (many := measured.many) is None:
        raise LookupError(OURS)
    told = f"{many.in_time:.1%} of the events in time, {many.cpu_us:.0f} µs CPU each, {many.core:.0%} of a core"
    return told, many.in_time >= 0.97 and many.streams >= STREAMS


def _tool(measured: Measured) -> tuple[str, bool]:
    if not measured.tool_ms:
        raise LookupError(OURS)
    p95 = percentile(measured.tool_ms, 95)
    return f"{p95:.1f} ms", p95 <= 15


def _paced(measured: Measured) -> Paced:
    if measured.paced is None:
        raise LookupError(OURS)
    return measured.paced


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


_GOALS: dict[str, Judge] = {
    "CPU per turn, 16 at once: at most 10 ms": _cpu,
    "CPU per turn, 16 at once: at most 0.4 × LangGraph's": _ratio,
    "added to the model's and the tool's own time, p50 alone: below 25 ms": _added,
    "turns per second above theirs, 16 at once": _throughput(16),
    "turns per second above theirs, 64 at once": _throughput(64),
    "memory of the whole stack: below 1.5 GB": _memory,
    "CPU per turn on litellm above its bare loop, 16 at once: at most 8 ms": _litellm(OURS_LITELLM),
    "the same where the provider needs litellm whole: at most 8 ms": _litellm(OURS_WHOLE),
    "CPU per further token at a model's pace: at most 60 µs": _per_token,
    "first event, p95 of 64 at once, a model's pace: at most 100 ms": _first_paced,
    "first event, p95 of 64 at once, no pause between turns: at most 100 ms": _first_saturated,
    "added to a model's pace, p95 of 16 at once: at most 40 ms": _added_paced(16, 40),
    "added to a model's pace, p95 of 64 at once: at most 120 ms": _added_paced(64, 120),
    "p95 of 64 at once, a model's pace, no tool: at most 1.4 s": _waited(0, 1400),
    "the same with one tool: at most 2.2 s": _waited(1, 2200),
    "the same with two tools: at most 3.0 s": _waited(2, 3000),
    f"{STREAMS} streams of one process, {PER_SECOND} events/s each: 97 % in 50 ms": _many,
    "the tool at its service, p95 of 32 at once without a pause: at most 15 ms": _tool,
}
