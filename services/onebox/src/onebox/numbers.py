"""The numbers that matter most, from the services' own `/metrics`: how fast, how well, what waits, what it costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

#: What says that a call of a tool went as it should.
_GOOD = frozenset({"succeeded", "cached", "accepted"})
#: Fewer than this say nothing about a share.
_ENOUGH = 20
_UNDER_WAY = ("requested", "confirmed", "approved", "submitted")
_RUNBOOKS = "services/runbooks"


@dataclass(frozen=True, slots=True)
class Line:
    """One number for people; `alarm` when somebody should look, and then `runbook` says what to do."""

    name: str
    value: str
    alarm: bool = False
    runbook: str = ""

    @property
    def page(self) -> str:
        """Where the runbook is."""
        return f"{_RUNBOOKS}/{self.runbook}.md" if self.runbook else ""


Families = dict[str, Metric]


def main_numbers(told: Mapping[str, str]) -> Iterator[Line]:
    """The lines, from the metrics of the services by name. What nobody has done yet is a dash, not a zero, and so is
    what cannot be asked.
    """
    here, books, desk = (_families(told.get(name, "")) for name in ("orchestrator", "billing", "tickets"))
    yield from _turns(here)
    yield from _day(here)
    yield from _waiting(here, desk)
    yield from _money(books)


def _turns(here: Families) -> Iterator[Line]:
    turns = _sum(here, "aiguy_turns_ended", "aiguy_turns_ended_total")
    yield Line("turns since start", f"{turns:.0f}" if here else "-")
    half, most = (_quantile(here, "aiguy_turn_seconds", share) for share in (0.5, 0.95))
    slow = most is not None and most > 5
    yield Line("time of a turn", f"p50 {_seconds(half)}, p95 {_seconds(most)}", slow, "slow-turns")
    yield Line("first words", f"p95 {_seconds(_quantile(here, 'aiguy_turn_first_words_seconds', 0.95))}")
    calls = _sum(here, "aiguy_tool_calls", "aiguy_tool_calls_total")
    bad = calls - sum(_sum(here, "aiguy_tool_calls", "aiguy_tool_calls_total", outcome=one) for one in _GOOD)
    failing = calls >= _ENOUGH and bad / calls > 0.02
    yield Line("tool calls without an answer", _share(bad, calls), failing, "tool-failing")
    unsearched = _sum(here, "aiguy_knowledge_fallback", "aiguy_knowledge_fallback_total")
    yield Line("answers without help pages", f"{unsearched:.0f}" if here else "-")
    spared = _sum(here, "aiguy_redis_spared", "aiguy_redis_spared_total")
    yield Line("done without Redis", f"{spared:.0f}" if here else "-")
    family = here.get("aiguy_tool_breaker_open")
    resting = sorted(one.labels["tool"] for one in family.samples if one.value > 0) if family else []
    yield Line("tools that rest", ", ".join(resting) or ("none" if here else "-"), bool(resting), "tool-failing")


def _day(here: Families) -> Iterator[Line]:
    bot, staff = (_sum(here, "aiguy_day_conversations", by=one) for one in ("bot", "staff"))
    both, cost = bot + staff, _sum(here, "aiguy_day_cost_dollars")
    yield Line("without a person, 24 h", _share(bot, both))
    yield Line("with a person, 24 h", _share(staff, both), both > _ENOUGH and staff / both > 0.5, "escalation")
    each = f", ${cost / both:,.4f} a conversation" if both else ""
    yield Line("cost, 24 h", f"${cost:,.2f}{each}" if here else "-")


def _waiting(here: Families, desk: Families) -> Iterator[Line]:
    waiting, age = _sum(here, "aiguy_approvals_waiting"), _sum(here, "aiguy_approvals_oldest_seconds")
    yield Line(
        "approvals waiting", _queue(here, waiting, f"{age / 60:.0f} min"), age > 4 * 3600, "approvals-waiting"
    )  # fmt: skip
    due, oldest = _sum(here, "aiguy_jobs_due"), _most(here, "aiguy_jobs_oldest_seconds")
    yield Line("jobs that are due", _queue(here, due, f"{oldest:.0f} s"), oldest > 60, "queue-stuck")
    left, lost = (_sum(desk, "aiguy_outbox_messages", state=one) for one in ("waiting", "failed"))
    yield Line(
        "messages to send", f"{left:.0f}, given up {lost:.0f}" if desk else "-", lost > 0, "ticket-system-outage"
    )  # fmt: skip


def _money(books: Families) -> Iterator[Line]:
    paid, every = (_sum(books, "aiguy_day_refunds", **wanted) for wanted in ({"state": "succeeded"}, {}))
    under_way = sum(_sum(books, "aiguy_day_refunds", state=one) for one in _UNDER_WAY)
    told = f"{paid:.0f} paid, {under_way:.0f} under way, {every - paid - under_way:.0f} not made"
    yield Line("refunds, 24 h", told if books else "-")
    alone = _sum(books, "aiguy_refunds_without_approval")
    yield Line("refunds without approval", f"{alone:.0f}" if books else "-", alone > 0, "refund-without-approval")


def _queue(families: Families, many: float, oldest: str) -> str:
    return (f"{many:.0f}" + (f", the oldest for {oldest}" if many else "")) if families else "-"


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
