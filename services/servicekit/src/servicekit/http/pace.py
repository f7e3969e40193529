"""How fast an upstream usually answers, and whether it has become slow. Pure.

Time is cut into slices of ten seconds. Those of the last `window_s` are judged by what the older ones say is usual, so
a tool that slows down does not raise the measure by which it is judged at that moment, and has after that minute.
Slices without a call are not kept: a tool that is asked once a minute is known as well as one that is always asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

SLICE_S = 10.0
#: How many slices are remembered, and for how long; of each that many of its calls.
SLICES, MEMORY_S, SAMPLES = 60, 3600.0, 20


@dataclass(frozen=True, slots=True)
class PaceConfig:
    """An answer after more than `times` the usual p95 is slow. `least` slow ones and a `share` of all in `window_s`
    seconds make a slow upstream. What is usual is not known before `enough` calls.
    """

    times: float = 2.0
    least: int = 5
    share: float = 0.5
    window_s: float = 60.0
    enough: int = 20


@dataclass(frozen=True, slots=True)
class Slice:
    """The answers since `began_s`: how many, how many of them slow, and what the first of them took, in seconds."""

    began_s: float
    calls: int = 0
    slow: int = 0
    took_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """`slices`: the oldest first. `usual_s`: the p95 before the window that is judged, None while it is not known."""

    slices: tuple[Slice, ...] = ()
    usual_s: float | None = None


def answered(pace: Pace, config: PaceConfig, now_s: float, took_s: float, floor_s: float) -> tuple[Pace, bool]:
    """The pace after one more answer, and whether that was slow. One of at most `floor_s` seconds never is."""
    if not pace.slices or now_s - pace.slices[-1].began_s >= SLICE_S:
        pace = _next_slice(pace, config, now_s)
    slow = pace.usual_s is not None and took_s > max(floor_s, config.times * pace.usual_s)
    last = pace.slices[-1]
    kept = (*last.took_s, took_s) if len(last.took_s) < SAMPLES else last.took_s
    last = Slice(last.began_s, last.calls + 1, last.slow + slow, kept)
    return replace(pace, slices=(*pace.slices[:-1], last)), slow


def has_slowed(pace: Pace, config: PaceConfig, now_s: float) -> bool:
    """Whether enough of the last answers were slow."""
    judged = [one for one in pace.slices if now_s - one.began_s < config.window_s]
    slow = sum(one.slow for one in judged)
    return slow >= config.least and slow >= config.share * sum(one.calls for one in judged)


def forgiven(pace: Pace) -> Pace:
    """The same memory with nothing to judge: what an upstream was told off for does not count again."""
    return replace(pace, slices=tuple(replace(one, calls=0, slow=0) for one in pace.slices))


def _next_slice(pace: Pace, config: PaceConfig, now_s: float) -> Pace:
    kept = tuple(one for one in pace.slices if now_s - one.began_s < MEMORY_S)[1 - SLICES :]
    before = [took for one in kept if now_s - one.began_s >= config.window_s for took in one.took_s]
    return Pace((*kept, Slice(now_s)), _p95(before) if len(before) >= config.enough else None)


def _p95(seconds: Iterable[float]) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
