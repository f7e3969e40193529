"""`aiguy status` says in a few lines how it goes."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from onebox.door_numbers import DoorNumbers
from onebox.numbers import Line, main_numbers

ROOT = Path(__file__).parents[3]


def lines(orchestrator: CollectorRegistry, billing: CollectorRegistry) -> dict[str, Line]:
    told = {"orchestrator": generate_latest(orchestrator).decode(), "billing": generate_latest(billing).decode()}
    return {one.name: one for one in main_numbers(told)}


def test_the_main_numbers_are_those_of_the_metrics() -> None:
    here, books = CollectorRegistry(), CollectorRegistry()
    turns = Histogram("aiguy_turn_seconds", "", ["tools"], buckets=(1, 2, 5, 10), registry=here)
    for seconds in (0.5, 0.5, 1.5, 1.5, 9.0) * 4:
        turns.labels("1").observe(seconds)
    calls = Counter("aiguy_tool_calls_total", "", ["tool", "outcome"], registry=here)
    calls.labels("search_kb", "succeeded").inc(6)
    calls.labels("get_order", "not_found").inc(1)
    calls.labels("search_kb", "cached").inc(2)
    calls.labels("get_order", "internal").inc(1)
    breaker = Gauge("aiguy_tool_breaker_open", "", ["tool"], registry=here)
    breaker.labels("get_order").set(1)
    breaker.labels("search_kb").set(0)
    Counter("aiguy_turns_ended_total", "", ["outcome", "channel"], registry=here).labels("answered", "web").inc(5)
    day = Gauge("aiguy_day_conversations", "", ["by"], registry=here)
    day.labels("bot").set(3)
    day.labels("staff").set(1)
    Gauge("aiguy_day_cost_dollars", "", registry=here).set(1.5)
    Gauge("aiguy_approvals_waiting", "", registry=here).set(2)
    Gauge("aiguy_approvals_oldest_seconds", "", registry=here).set(600)
    Gauge("aiguy_people_waiting", "", registry=here).set(2)
    Gauge("aiguy_people_oldest_seconds", "", registry=here).set(900)
    took = Gauge("aiguy_day_time_to_human_seconds", "", ["share"], registry=here)
    took.labels("0.5").set(240)
    took.labels("0.95").set(1800)
    Gauge("aiguy_jobs_due", "", ["kind"], registry=here).labels("run_turn").set(1)
    Gauge("aiguy_jobs_oldest_seconds", "", ["kind"], registry=here).labels("run_turn").set(61)
    Gauge("aiguy_refunds_without_approval", "", registry=books).set(1)
    refunds = Gauge("aiguy_day_refunds", "", ["state", "amount"], registry=books)
    for state, many in (("succeeded", 4), ("submitted", 2), ("requested", 1), ("denied", 1), ("failed", 1)):
        refunds.labels(state, "under_5000").set(many)
    Counter("aiguy_knowledge_fallback_total", "", ["entry"], registry=here).labels("returns").inc(3)
    Counter("aiguy_redis_spared_total", "", ["use", "reason"], registry=here).labels("memory", "timeout").inc(2)
    told = lines(here, books)
    assert {name: line.value for name, line in told.items()} == {
        "turns since start": "5", "time of a turn": "p50 1.25 s, p95 8.75 s", "first words": "p95 -",
        "tool calls without an answer": "10.0%", "answers without help pages": "3", "done without Redis": "2",
        "tools that rest": "get_order", "without a person, 24 h": "75.0%",
        "with a person, 24 h": "25.0%", "cost, 24 h": "$1.50, $0.3750 a conversation",
        "approvals waiting": "2, the oldest for 10 min", "jobs that are due": "1, the oldest for 61 s",
        "messages to send": "-", "waiting for a person": "2, the oldest for 15 min",
        "time to a person, 24 h": "p50 4 min, p95 30 min", "refunds, 24 h": "4 paid, 3 under way, 2 not made",
        "refunds without approval": "1",
        "the front door": "-", "refused at the door": "-",
    }  # fmt: skip
    assert {name for name, line in told.items() if line.alarm} == {
        "time of a turn", "tools that rest", "jobs that are due", "refunds without approval",
    }  # fmt: skip


def test_before_the_first_turn_nothing_is_made_up() -> None:
    told = lines(CollectorRegistry(), CollectorRegistry())
    assert told["time of a turn"].value == "p50 -, p95 -"
    assert told["without a person, 24 h"].value == "-"
    assert not any(line.alarm for line in told.values())


def test_a_service_that_cannot_be_asked_has_no_numbers() -> None:
    told = {one.name: one for one in main_numbers({"orchestrator": "", "billing": ""})}
    values = {line.value for line in told.values()}
    assert values == {"-", "p50 -, p95 -", "p95 -"}
    assert not any(line.alarm for line in told.values())


def test_what_needs_somebody_says_where_the_page_is_for_it() -> None:
    here, books = CollectorRegistry(), CollectorRegistry()
    day = Gauge("aiguy_day_conversations", "", ["by"], registry=here)
    day.labels("bot").set(10)
    day.labels("staff").set(11)
    calls = Counter("aiguy_tool_calls_total", "", ["tool", "outcome"], registry=here)
    calls.labels("get_order", "succeeded").inc(97)
    calls.labels("get_order", "internal").inc(3)
    Gauge("aiguy_approvals_waiting", "", registry=here).set(1)
    Gauge("aiguy_approvals_oldest_seconds", "", registry=here).set(4 * 3600 + 1)
    Gauge("aiguy_tool_breaker_open", "", ["tool"], registry=here).labels("get_order").set(1)
    Gauge("aiguy_jobs_oldest_seconds", "", ["kind"], registry=here).labels("run_turn").set(61)
    turns = Histogram("aiguy_turn_seconds", "", buckets=(5, 10), registry=here)
    for _ in range(20):
        turns.observe(9)
    Gauge("aiguy_refunds_without_approval", "", registry=books).set(1)
    desk = CollectorRegistry()
    Gauge("aiguy_outbox_messages", "", ["kind", "state"], registry=desk).labels("email", "failed").set(2)
    told = {"orchestrator": here, "billing": books, "tickets": desk}
    alarms = [one for one in main_numbers({name: generate_latest(r).decode() for name, r in told.items()}) if one.alarm]
    assert len(alarms) == 8
    assert {one.page for one in alarms if not (ROOT / one.page).is_file()} == set()


def test_of_few_turns_and_calls_nothing_is_said() -> None:
    here, books = CollectorRegistry(), CollectorRegistry()
    turns = Histogram("aiguy_turn_seconds", "", buckets=(5, 10), registry=here)
    for _ in range(19):
        turns.observe(9)
    calls = Counter("aiguy_tool_calls_total", "", ["tool", "outcome"], registry=here)
    calls.labels("get_order", "internal").inc(2)
    calls.labels("get_order", "not_found").inc(40)
    day = Gauge("aiguy_day_conversations", "", ["by"], registry=here)
    day.labels("bot").set(1)
    day.labels("staff").set(18)
    told = lines(here, books)
    assert told["tool calls without an answer"].value == "4.8%"
    assert [name for name, line in told.items() if line.alarm] == []


def test_a_promised_mail_that_waits_is_no_queue_that_is_stuck() -> None:
    here, books = CollectorRegistry(), CollectorRegistry()
    Gauge("aiguy_jobs_due", "", ["kind"], registry=here).labels("mail_answer").set(1)
    Gauge("aiguy_jobs_oldest_seconds", "", ["kind"], registry=here).labels("mail_answer").set(600)
    assert not lines(here, books)["jobs that are due"].alarm


def test_the_door_says_how_requests_ended_and_rings_when_a_tenth_fails() -> None:
    numbers = DoorNumbers()
    for ended in [b"200|200|-"] * 45 + [b"502|502|-"] * 5 + [b"403|403|waf", b"429||", b"429|429|-"]:
        numbers.datagram_received(b"<190>Nov 22 19:00:00 nginx: " + ended, ("127.0.0.1", 1))
    numbers.datagram_received(b"not of nginx", ("127.0.0.1", 1))
    numbers.connections(
        "Active connections: 7 \nserver accepts handled requests\n 9 9 9 \nReading: 1 Writing: 2 Waiting: 4"
    )
    told = {one.name: one for one in main_numbers({"gateway": generate_latest(numbers.registry).decode()})}
    assert told["the front door"].value == "53 requests, 7 connections, 9.4% failed"
    assert (told["the front door"].alarm, told["the front door"].runbook) == (True, "front-door")
    assert told["refused at the door"].value == "1 by the WAF, 1 too many"
