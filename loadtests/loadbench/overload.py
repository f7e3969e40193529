"""More than can be carried: turns come at a steady rate for a minute, whatever becomes of those before them."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from loadbench.finding import Measure
from loadbench.mailbox import Mailed
from loadbench.measuring import MeasuredRun
from loadbench.report import BESIDE, document, say
from loadbench.samples import Sample, taken
from loadbench.swarming import Run
from turnbench.goals import Verdict
from turnbench.percentiles import percentile

TIMES = (3, 5)
SECONDS = 60
_AFTER_SECONDS, _AFTER_USERS = 30, 4
#: What a customer gets who is turned away at once; and how the turn ends of one who is promised an e-mail.
_SHED, LATER = (429, 503), "later"
_IN_TIME_MS = {0: 2500.0, 1: 2500.0, 2: 4500.0}
#: Postgres counts the pages that its processes share in each of them.
_SHARING = ("postgres",)


@dataclass(frozen=True, slots=True)
class Rush:
    """What came of `times` the turns per second that are carried. Times: milliseconds, at p95; None: there was none."""

    times: int
    wanted_per_second: float
    capacity: float
    in_time_per_second: float
    turns: int
    refused: int
    refused_ms: float | None
    later: int
    later_ms: float | None
    one_tool_ms: float | None
    two_tools_ms: float | None
    mailed: Mailed
    recovered_s: float | None
    grown: float

    def verdicts(self) -> list[Verdict]:
        """One for each thing that a rush must not do."""
        shed_ms = max(self.refused_ms or 0.0, self.later_ms or 0.0)
        of_peak = self.in_time_per_second / self.capacity if self.capacity else 0.0
        found = [
            ("served in time, of what is carried: at least 90 %", f"{of_peak:.0%}", of_peak >= 0.9),
            ("p95 of who was let in, up to one tool: below 2500 ms", _ms(self.one_tool_ms),
             _below(self.one_tool_ms, 2500)),
            ("the same, two tools: below 4500 ms", _ms(self.two_tools_ms), _below(self.two_tools_ms, 4500)),
            ("p95 until a customer knows that it is not now: 50 ms at most", _ms(shed_ms), shed_ms <= 50),
            ("each promised e-mail came, once", _mails(self.mailed), self.mailed.kept),
            ("few customers are served in time again: within 10 s", _s(self.recovered_s),
             self.recovered_s is not None and self.recovered_s <= 10),
            ("memory of the services: +20 % at most", f"{self.grown:+.0%}", self.grown <= 0.2),
        ]  # fmt: skip
        return [Verdict(f"{self.times} times: {goal}", reached, met) for goal, reached, met in found]


async def overload(
    measure: Measure, capacity: float, scenario: str, settled: Callable[[], Awaitable[Mailed]], seconds: int = SECONDS
) -> tuple[list[Verdict], list[dict[str, Any]]]:
    """Verdicts on each rate, on few customers right after it and on the promised mails; all figures.

    Raises BenchError.
    """
    verdicts: list[Verdict] = []
    found, before = [], Mailed()
    for times in TIMES:
        rate = times * capacity
        measured = await measure(
            Run(f"overload-{times}", scenario, 1, seconds, rate=rate, most_turns=round(rate * seconds))
        )
        after = await measure(Run(f"after-{times}", scenario, _AFTER_USERS, _AFTER_SECONDS))
        mailed = await settled()
        rush = _rush(times, capacity, seconds, measured, after, mailed.since(before))
        before = mailed
        say(f"  {times} times, {rate:.1f} per second: {rush.turns} came, {rush.later} were promised an e-mail,"
            f" {rush.refused} were turned away")  # fmt: skip
        verdicts += rush.verdicts()
        found.append(asdict(rush) | {"during": document(measured), "after": document(after)})
    return verdicts, found


def _rush(times: int, capacity: float, seconds: int, measured: MeasuredRun, after: MeasuredRun, mailed: Mailed) -> Rush:
    samples = measured.samples
    refused, later = shed(samples)
    let_in = [one for one in samples if one.status not in _SHED and one.outcome != LATER]
    return Rush(
        times, times * capacity, capacity, in_time(samples) / measured.spent.seconds, len(samples),
        len(refused), _percentile(refused), len(later), _percentile(later),
        taken([one for one in let_in if one.tools <= 1], 95), taken([one for one in let_in if one.tools == 2], 95),
        mailed, recovered_s(after.samples), _grown(measured),
    )  # fmt: skip


def shed(samples: Iterable[Sample]) -> tuple[list[Sample], list[Sample]]:
    """Those who were turned away, and those who were promised the answer by e-mail."""
    listed = list(samples)
    return [one for one in listed if one.status in _SHED], [one for one in listed if one.outcome == LATER]


def in_time(samples: Iterable[Sample]) -> int:
    """How many customers got what they came for, in the time that the targets give."""
    return sum(one.right and one.end_ms is not None and one.end_ms < _IN_TIME_MS[one.tools] for one in samples)


def recovered_s(samples: Sequence[Sample]) -> float | None:
    """Seconds after the first of these turns from which all were in time again; None: not in these."""
    began = min(one.at for one in samples)
    late = [one.at for one in samples if not in_time([one])]
    if not late:
        return 0.0
    later = [one.at for one in samples if one.at > max(late)]
    return round(min(later) - began, 1) if later else None


def _percentile(samples: Sequence[Sample]) -> float | None:
    """Of the time until they knew: a refusal is its head, a promise the end of its stream."""
    times = [one.end_ms or one.head_ms for one in samples if one.head_ms is not None]
    return round(percentile([one for one in times if one is not None], 95), 1) if times else None


def _grown(measured: MeasuredRun) -> float:
    spent = measured.spent
    ours = [name for name in spent.rss_first_mb if name not in (*BESIDE, *_SHARING)]
    first = sum(spent.rss_first_mb[name] for name in ours)
    return sum(spent.rss_mb[name] for name in ours) / first - 1 if first else 0.0


def _below(ms: float | None, most: float) -> bool:
    return ms is not None and ms < most


def _ms(ms: float | None) -> str:
    return "nobody was" if ms is None else f"{ms:.0f} ms"


def _s(seconds: float | None) -> str:
    return "not in half a minute" if seconds is None else f"{seconds:.1f} s"


def _mails(mailed: Mailed) -> str:
    return f"{mailed.came} of {mailed.promised}, {mailed.twice} twice, the last {mailed.waited_s:.0f} s later"
