"""The numbers of a run: shares with their intervals, by tier and by category. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles
from typing import Any

from evalbench.checking import answered, answered_wrongly
from evalbench.running import Tried
from orchestrator.confidence.intervals import exact_interval, wilson


@dataclass(frozen=True, slots=True)
class Score:
    """One group of cases. All shares are of cases, not of runs: runs of one case say nothing new of the next customer.

    `passed`: cases of which every run passed. `answered`: cases in which it answered by its own word, and
    `wrongly` those of them where it should not have, or said it wrong. Seconds are per turn, dollars per conversation.
    """

    name: str
    cases: int
    passed: int
    runs: int
    runs_passed: int
    answered: int
    wrongly: int
    p50_s: float
    p95_s: float
    cost_usd: float

    @property
    def share(self) -> float:
        """pass^k."""
        return self.passed / self.cases

    @property
    def interval(self) -> tuple[float, float]:
        """Of pass^k, Wilson, 95 %."""
        return wilson(self.passed, self.cases)

    @property
    def wrong_interval(self) -> tuple[float, float]:
        """Of the false non-escalations, Clopper-Pearson, 95 %."""
        return exact_interval(self.wrongly, self.answered)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {
            "share": round(self.share, 4), "interval": _rounded(self.interval),
            "wrong_interval": _rounded(self.wrong_interval),
        }  # fmt: skip


def score(name: str, tried: Sequence[Tried]) -> Score:
    """The numbers of these cases. Raises ValueError when there are none."""
    if not tried:
        raise ValueError(f"{name}: no case")
    runs = [(played, found) for one in tried for played, found in zip(one.runs, one.findings, strict=True)]
    times = sorted(answer.seconds for played, _ in runs for answer in played.answers)
    spent = sum(answer.cost_usd for played, _ in runs for answer in played.answers)
    return Score(
        name, cases=len(tried), passed=sum(one.passed for one in tried), runs=len(runs),
        runs_passed=sum(not found for _, found in runs),
        answered=sum(any(answered(played) for played in one.runs) for one in tried),
        wrongly=sum(_wrong(one) for one in tried),
        p50_s=_quantile(times, 50), p95_s=_quantile(times, 95), cost_usd=round(spent / max(1, len(runs)), 6),
    )  # fmt: skip


def by(tried: Sequence[Tried], key: Callable[[Tried], str]) -> list[Score]:
    """A score for each group, by name."""
    names = sorted({key(one) for one in tried})
    return [score(name, [one for one in tried if key(one) == name]) for name in names]


def _wrong(one: Tried) -> bool:
    return any(answered_wrongly(played, found) for played, found in zip(one.runs, one.findings, strict=True))


def _quantile(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return round(values[0], 3) if values else 0.0
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 3)


def _rounded(pair: Iterable[float]) -> list[float]:
    return [round(one, 4) for one in pair]
