"""The numbers that matter most, from the services' own `/metrics`: how fast, how well, what waits, what it costs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from onebox.alarms import Alarm, load_alarms

_UNDER_WAY = ("requested", "confirmed", "approved", "submitted")
_FAILED = {"status": "5xx"}
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
Alarms = Mapping[str, Alarm]


def main_numbers(told: Mapping[str, str]) -> Iterator[Line]:
    """The lines, from the metrics of the services by name. What nobody has done yet is a dash, not a zero, and so is
    what cannot be asked.
    """
    here, books, desk = (_families(told.get(name, "")) for name in ("orchestrator", "billing", "tickets"))
    alarms = load_alarms()
    yield from _turns(here, alarms)
    yield from _day(here, alarms)
    yield from _waiting(here, desk, alarms)
    yield from _money(books, alarms)
    yield from _door(_families(told.get("gateway", "")), alarms)


def _turns(here: Families, alarms: Alarms) -> Iterator[Line]:
    turns = _sum(here, "aiguy_turns_ended", "aiguy_turns_ended_total")
    yield Line("turns since start", f"{turns:.0f}" if here else "-")
    half, most = (_quantile(here, "aiguy_turn_seconds", share) for share in (0.5, 0.95))
    measured = _sum(here, "aiguy_turn_seconds", "aiguy_turn_seconds_count")
    slow = alarms["turns_slow"]
    times = f"p50 {_seconds(half)}, p95 {_seconds(most)}"
    yield Line("time of a turn", times, slow.rings(most, measured), slow.runbook)
    yield Line("first words", f"p95 {_seconds(_quantile(here, 'aiguy_turn_first_words_seconds', 0.95))}")
    calls = _sum(here, "aiguy_tool_calls", "aiguy_tool_calls_total")
    failing, rests = alarms["tools_failing"], alarms["tools_resting"]
    bad = sum(_sum(here, "aiguy_tool_calls", "aiguy_tool_calls_total", outcome=one) for one in failing.among)
    ringing = failing.rings(bad / calls if calls else None, bad)
    yield Line("tool calls without an answer", _share(bad, calls), ringing, failing.runbook)
    unsearched = _sum(here, "aiguy_knowledge_fallback", "aiguy_knowledge_fallback_total")
    yield Line("answers without help pages", f"{unsearched:.0f}" if here else "-")
    spared = _sum(here, "aiguy_redis_spared", "aiguy_redis_spared_total")
    yield Line("done without Redis", f"{spared:.0f}" if here else "-")
    family = here.get("aiguy_tool_breaker_open")
    resting = sorted(one.labels["tool"] for one in family.samples if one.value > 0) if family else []
    named = ", ".join(resting) or ("none" if here else "-")
    yield Line("tools that rest", named, rests.rings(len(resting)), rests.runbook)


def _day(here: Families, alarms: Alarms) -> Iterator[Line]:
    bot, staff = (_sum(here, "aiguy_day_conversations", by=one) for one in ("bot", "staff"))
    both, cost = bot + staff, _sum(here, "aiguy_day_cost_dollars")
    yield Line("without a person, 24 h", _share(bot, both))
    many = alarms["with_a_person"]
    ringing = many.rings(staff / both if both else None, both)
    yield Line("with a person, 24 h", _share(staff, both), ringing, many.runbook)
    each = f", ${cost / both:,.4f} a conversation" if both else ""
    yield Line("cost, 24 h", f"${cost:,.2f}{each}" if here else "-")


def _waiting(here: Families, desk: Families, alarms: Alarms) -> Iterator[Line]:
    old, late, gone = alarms["approvals_old"], alarms["jobs_old"], alarms["messages_lost"]
    waiting, age = _sum(here, "aiguy_approvals_waiting"), _sum(here, "aiguy_approvals_oldest_seconds")
    cards = _queue(here, waiting, f"{age / 60:.0f} min")
    yield Line("approvals waiting", cards, old.rings(age), old.runbook)
    due, oldest = (_several(here, name, late.among) for name in ("aiguy_jobs_due", "aiguy_jobs_oldest_seconds"))
    jobs = _queue(here, sum(due), f"{max(oldest, default=0.0):.0f} s")
    yield Line("jobs that are due", jobs, late.rings(max(oldest, default=None)), late.runbook)
    left, lost = (_sum(desk, "aiguy_outbox_messages", state=one) for one in ("waiting", "failed"))
    messages = f"{left:.0f}, given up {lost:.0f}" if desk else "-"
    yield Line("messages to send", messages, gone.rings(lost), gone.runbook)
    people, first = _sum(here, "aiguy_people_waiting"), _sum(here, "aiguy_people_oldest_seconds")
    yield Line("waiting for a person", _queue(here, people, f"{first / 60:.0f} min"))
    half, most = (_sum(here, "aiguy_day_time_to_human_seconds", share=share) / 60 for share in ("0.5", "0.95"))
    yield Line("time to a person, 24 h", f"p50 {half:.0f} min, p95 {most:.0f} min" if most else "-")


def _money(books: Families, alarms: Alarms) -> Iterator[Line]:
    paid, every = (_sum(books, "aiguy_day_refunds", **wanted) for wanted in ({"state": "succeeded"}, {}))
    under_way = sum(_sum(books, "aiguy_day_refunds", state=one) for one in _UNDER_WAY)
    told = f"{paid:.0f} paid, {under_way:.0f} under way, {every - paid - under_way:.0f} not made"
    yield Line("refunds, 24 h", told if books else "-")
    alone = _sum(books, "aiguy_refunds_without_approval")
    never = alarms["refunds_unapproved"]
    yield Line("refunds without approval", f"{alone:.0f}" if books else "-", never.rings(alone), never.runbook)


def _door(door: Families, alarms: Alarms) -> Iterator[Line]:
    failing = alarms["door_failing"]
    every, bad = (_sum(door, "aiguy_door_requests", "aiguy_door_requests_total", **one) for one in ({}, _FAILED))
    open_now = _sum(door, "aiguy_door_connections", state="all")
    told = f"{every:.0f} requests, {open_now:.0f} connections, {_share(bad, every)} failed"
    ringing = failing.rings(bad / every if every else None, bad)
    yield Line("the front door", told if door else "-", ringing, failing.runbook)
    waf, *many = (
        _sum(door, "aiguy_door_refused", "aiguy_door_refused_total", by=one) for one in ("waf", "limit", "overload")
    )
    yield Line("refused at the door", f"{waf:.0f} by the WAF, {sum(many):.0f} too many" if door else "-")


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


def _several(families: dict[str, Metric], name: str, kinds: tuple[str, ...]) -> list[float]:
    """Its values for these kinds."""
    return [value for kind in kinds for value in _values(families, name, name, kind=kind)]


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
