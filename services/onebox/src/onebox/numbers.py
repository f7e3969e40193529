"""The numbers that matter most, from the services' own `/metrics`: how fast, how well, what waits, what it costs."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

#: What says that a call of a tool went as it should.
_GOOD = frozenset({"succeeded", "cached", "accepted"})


@dataclass(frozen=True, slots=True)
class Line:
    """One number for people; `alarm` when somebody should look."""

    name: str
    value: str
    alarm: bool = False


def main_numbers(orchestrator: str, billing: str) -> Iterator[Line]:
    """The lines, from the text of both services' metrics. What nobody has done yet is a dash, not a zero."""
    here, books = _families(orchestrator), _families(billing)
    turns = _sum(here, "aiguy_turns_ended", "aiguy_turns_ended_total")
    yield Line("turns since start", f"{turns:.0f}")
    half, most = (_quantile(here, "aiguy_turn_seconds", share) for share in (0.5, 0.95))
    yield Line("time of a turn", f"p50 {_seconds(half)}, p95 {_seconds(most)}", most is not None and most > 5)
    yield Line("first words", f"p95 {_seconds(_quantile(here, 'aiguy_turn_first_words_seconds', 0.95))}")
    calls = _sum(here, "aiguy_tool_calls", "aiguy_tool_calls_total")
    good = sum(_sum(here, "aiguy_tool_calls", "aiguy_tool_calls_total", outcome=one) for one in _GOOD)
    yield Line("tool calls without an answer", _share(calls - good, calls))
    bot, staff = (_sum(here, "aiguy_day_conversations", by=one) for one in ("bot", "staff"))
    yield Line("without a person, 24 h", _share(bot, bot + staff))
    yield Line("cost, 24 h", f"${_sum(here, 'aiguy_day_cost_dollars'):,.2f}")
    waiting, age = _sum(here, "aiguy_approvals_waiting"), _sum(here, "aiguy_approvals_oldest_seconds")
    yield Line("approvals waiting", f"{waiting:.0f}" + (f", the oldest for {age / 60:.0f} min" if waiting else ""))
    due, oldest = _sum(here, "aiguy_jobs_due"), _most(here, "aiguy_jobs_oldest_seconds")
    yield Line("jobs that are due", f"{due:.0f}" + (f", the oldest for {oldest:.0f} s" if due else ""), oldest > 60)
    alone = _sum(books, "aiguy_refunds_without_approval")
    yield Line("refunds without approval", f"{alone:.0f}", alone > 0)


def _families(text: str) -> dict[str, Metric]:
    return {one.name: one for one in text_string_to_metric_families(text)}


def _values(families: dict[str, Metric], name: str, sample: str, **labels: str) -> list[float]:
    family = families.get(name)
    wanted = labels.items()
    return (
        [one.value for one in family.samples if one.name == sample and wanted <= one.labels.items()] if family else []
    )


def _sum(families: dict[str, Metric], name: str, sample: str = "", **labels: str) -> float:
    return sum(_values(families, name, sample or name, **labels))


def _most(families: dict[str, Metric], name: str) -> float:
    return max(_values(families, name, name), default=0.0)


def _quantile(families: dict[str, Metric], name: str, share: float) -> float | None:
    """As Prometheus estimates it: evenly spread within a bucket. None before the first observation."""
    family = families.get(name)
    counts: dict[float, float] = {}
    for one in family.samples if family else ():
        if one.name == f"{name}_bucket":
            edge = float(one.labels["le"])
            counts[edge] = counts.get(edge, 0.0) + one.value
    wanted = share * counts.get(float("inf"), 0.0)
    below = lower = 0.0
    for edge in sorted(counts):
        if wanted and counts[edge] >= wanted:
            return lower if edge == float("inf") else lower + (edge - lower) * (wanted - below) / (counts[edge] - below)
        below, lower = counts[edge], edge
    return None


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"
