"""`aiguy status` says in a few lines how it goes."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from onebox.numbers import Line, main_numbers


def lines(orchestrator: CollectorRegistry, billing: CollectorRegistry) -> dict[str, Line]:
    told = (generate_latest(one).decode() for one in (orchestrator, billing))
    return {one.name: one for one in main_numbers(*told)}


def test_the_main_numbers_are_those_of_the_metrics() -> None:
    here, books = CollectorRegistry(), CollectorRegistry()
    turns = Histogram("aiguy_turn_seconds", "", ["tools"], buckets=(1, 2, 5, 10), registry=here)
    for seconds in (0.5, 0.5, 1.5, 1.5, 9.0):
        turns.labels("1").observe(seconds)
    calls = Counter("aiguy_tool_calls_total", "", ["tool", "outcome"], registry=here)
    calls.labels("search_kb", "succeeded").inc(7)
    calls.labels("search_kb", "cached").inc(2)
    calls.labels("get_order", "internal").inc(1)
    Counter("aiguy_turns_ended_total", "", ["outcome", "channel"], registry=here).labels("answered", "web").inc(5)
    day = Gauge("aiguy_day_conversations", "", ["by"], registry=here)
    day.labels("bot").set(3)
    day.labels("staff").set(1)
    Gauge("aiguy_day_cost_dollars", "", registry=here).set(1.5)
    Gauge("aiguy_approvals_waiting", "", registry=here).set(2)
    Gauge("aiguy_approvals_oldest_seconds", "", registry=here).set(600)
    Gauge("aiguy_jobs_due", "", ["kind"], registry=here).labels("run_turn").set(1)
    Gauge("aiguy_jobs_oldest_seconds", "", ["kind"], registry=here).labels("run_turn").set(61)
    Gauge("aiguy_refunds_without_approval", "", registry=books).set(1)
    told = lines(here, books)
    assert {name: line.value for name, line in told.items()} == {
        "turns since start": "5", "time of a turn": "p50 1.25 s, p95 8.75 s", "first words": "p95 -",
        "tool calls without an answer": "10.0%", "without a person, 24 h": "75.0%", "cost, 24 h": "$1.50",
        "approvals waiting": "2, the oldest for 10 min", "jobs that are due": "1, the oldest for 61 s",
        "refunds without approval": "1",
    }  # fmt: skip
    assert {name for name, line in told.items() if line.alarm} == {
        "time of a turn", "jobs that are due", "refunds without approval",
    }  # fmt: skip


def test_before_the_first_turn_nothing_is_made_up() -> None:
    told = lines(CollectorRegistry(), CollectorRegistry())
    assert told["time of a turn"].value == "p50 -, p95 -"
    assert told["without a person, 24 h"].value == "-"
    assert not any(line.alarm for line in told.values())
