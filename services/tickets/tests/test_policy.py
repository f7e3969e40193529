"""The SLA in support hours: Monday to Friday 8 to 20, Saturday 9 to 17, Burlington time, no federal holidays."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from contracts.tools.tickets import HandoffReason, TicketCategory, TicketPriority
from tickets.policy import SlaPolicy, load_policy

BURLINGTON = ZoneInfo("America/New_York")
P = TicketPriority


@pytest.fixture(scope="module")
def policy() -> SlaPolicy:
    return load_policy()


@pytest.mark.parametrize(
    ("priority", "opened", "due"),
    [
        (P.URGENT, "2026-03-02 10:00", "2026-03-02 11:00"),  # a Monday
        (P.NORMAL, "2026-03-02 08:00", "2026-03-02 16:00"),
        (P.NORMAL, "2026-03-02 12:00", "2026-03-02 20:00"),
        (P.NORMAL, "2026-03-02 12:01", "2026-03-03 08:01"),
        (P.URGENT, "2026-03-02 03:00", "2026-03-02 09:00"),  # at night: counted from opening
        (P.URGENT, "2026-03-02 20:00", "2026-03-03 09:00"),  # at closing time
        (P.URGENT, "2026-03-06 19:30", "2026-03-07 09:30"),  # Friday evening goes on on Saturday
        (P.HIGH, "2026-03-07 15:00", "2026-03-09 10:00"),  # Saturday goes on on Monday, an hour of clock change later
        (P.LOW, "2026-03-06 10:00", "2026-03-09 14:00"),  # 10 h + 8 h + 6 h
        (P.URGENT, "2026-12-25 10:00", "2026-12-26 10:00"),  # a holiday on a Friday
        (P.NORMAL, "2026-11-25 18:00", "2026-11-27 14:00"),  # over Thanksgiving
    ],
)
def test_a_reply_is_due_in_support_hours(policy: SlaPolicy, priority: TicketPriority, opened: str, due: str) -> None:
    found = policy.first_reply_due(priority, _local(opened).astimezone(UTC))
    assert found == _local(due)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("priority", "opened", "soon"),
    [
        (P.HIGH, "2026-03-02 10:00", "2026-03-02 13:00"),
        (P.URGENT, "2026-03-02 10:00", "2026-03-02 10:45"),
        (P.NORMAL, "2026-03-02 12:30", "2026-03-02 18:30"),  # due at 08:30 the next day: not at night
        (P.URGENT, "2026-03-06 20:00", "2026-03-07 09:45"),
    ],
)
def test_staff_are_reminded_after_three_quarters_of_it(
    policy: SlaPolicy, priority: TicketPriority, opened: str, soon: str
) -> None:
    assert policy.reply_soon_at(priority, _local(opened).astimezone(UTC)) == _local(soon)


def test_a_more_urgent_ticket_is_never_due_later(policy: SlaPolicy) -> None:
    now = datetime(2026, 7, 4, 1, 2, 3, tzinfo=UTC)
    due = [policy.first_reply_due(priority, now) for priority in (P.URGENT, P.HIGH, P.NORMAL, P.LOW)]
    assert due == sorted(due)


def test_each_category_and_reason_has_a_queue(policy: SlaPolicy) -> None:
    assert all(policy.queue_for(category) for category in TicketCategory)
    assert all(policy.handoff_rule(reason).queue for reason in HandoffReason)


@pytest.mark.parametrize(
    "change",
    [{"open": {}}, {"open": {"monday": ["20:00", "08:00"]}}, {"first_reply_hours": {"urgent": 1}}, {"queues": {}},
     {"timezone": "Mars/Base"}, {"holidays": []}],
    ids=str,
)  # fmt: skip
def test_a_policy_with_a_gap_is_refused_when_it_is_loaded(policy: SlaPolicy, change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SlaPolicy.model_validate({**policy.model_dump(), **change})


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BURLINGTON)
