"""Staff hear once when a first reply is due soon and once when it is overdue, however many look after it.

The clock stands at Monday, 2 March 2026, 09:00 UTC; support opens at 13:00. An urgent reply is due at 14:00.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import asyncpg
import pytest

from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.privacy import Finder
from servicekit.testing import FakeClock
from servicekit.testing.slack import FakeSlack
from servicekit.testing.tool_client import ToolClient, tool_service
from servicekit.testing.waiting import eventually
from tickets.app import build
from tickets.parts import staff_notices
from tickets.people import OUTBOX
from tickets.policy import load_policy
from tickets.settings import Settings
from tickets.sla_sweeper import SlaSweeper

from .fake_smtp import FakeSmtp

pytestmark = pytest.mark.service
ASKED = {"subject": "It smokes", "body": "My lamp smokes.", "category": "technical", "priority": "urgent"}
WAITING = {"reason": "brain_down", "summary": "The assistant does not answer."}
#: Nothing delivers: what was queued stays to be looked at.
NOWHERE = {
    "smtp_host": "127.0.0.1", "smtp_port": 9, "mail_from": "support@shop.example", "slack_bot_token": "xoxb-made-up",
    "slack_channels": "ops", "slack_api_url": "http://127.0.0.1:9/api", "tickets_notice_email": "staff@shop.example",
    "tickets_notice_channel": "ops", "tickets_sla_every_s": 0,
}  # fmt: skip
SOON, DUE = datetime(2026, 3, 2, 13, 45, tzinfo=UTC), datetime(2026, 3, 2, 14, tzinfo=UTC)

_OLD = """
INSERT INTO tickets (id, number, requester, guest, subject, body, category, priority, queue, first_reply_due,
                     created_at)
VALUES ('tkt_old{number}', '{number}', 'cust_ada', false, 'S', 'B', 'order', 'high', 'orders', '{due}', '2020-01-01')
"""


@asynccontextmanager
async def started(settings: Settings, clock: FakeClock, **more: Any) -> AsyncIterator[ToolClient]:
    full = Settings.model_validate(settings.model_dump() | more)
    async with tool_service(lambda kit: build(full, kit_factory=kit), clock) as client:
        yield client


@pytest.fixture
async def desk(settings: Settings, clock: FakeClock) -> AsyncIterator[ToolClient]:
    """The service without tickets that wait; only the tests sweep."""
    async with started(settings, clock, **NOWHERE) as client:
        for statement in ("UPDATE tickets SET status = 'closed'", "UPDATE handoffs SET status = 'closed'"):
            await _execute(client, statement)
        yield client


@pytest.fixture
def sweeper(desk: ToolClient) -> SlaSweeper:
    return _sweeper(desk)


async def test_each_moment_is_told_once(desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock) -> None:
    number = await _open(desk)
    _at(clock, SOON, -1)
    assert await sweeper.sweep() == 0
    for moment in (SOON, DUE):
        _at(clock, moment)
        assert [await sweeper.sweep(), await sweeper.sweep()] == [1, 0]
    clock.advance(86_400)
    assert await sweeper.sweep() == 0
    titles = [
        f"First reply due soon: ticket {number}, technical, urgent",
        f"First reply overdue: ticket {number}, technical, urgent",
    ]
    assert await _told(desk, "email") == titles
    assert [body.splitlines()[0] for body in await _told(desk, "slack")] == titles
    assert (_count(desk, "soon"), _count(desk, "missed"), _overdue(desk)) == (1, 1, 1)


async def test_the_mail_says_which_ticket_and_nothing_of_the_customer(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock
) -> None:
    await _open(desk)
    _at(clock, DUE)
    await sweeper.sweep()
    (body,) = await _told(desk, "email", "body")
    assert body == "Queue: technical\nFirst reply due: Mon 02 Mar 2026, 09:00 EST\nSubject: It smokes"


async def test_a_ticket_that_is_found_overdue_is_not_due_soon_as_well(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock
) -> None:
    await _open(desk)
    _at(clock, DUE, 60)
    assert [await sweeper.sweep(), await sweeper.sweep()] == [1, 0]
    assert (_count(desk, "soon"), _count(desk, "missed")) == (0, 1)


@pytest.mark.parametrize("status", ["pending", "solved", "closed"])
async def test_a_ticket_that_was_answered_in_time_is_left_alone(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock, status: str
) -> None:
    await _open(desk)
    await _execute(desk, f"UPDATE tickets SET status = '{status}' WHERE status = 'open'")
    await _nothing_is_told(desk, sweeper, clock)


async def test_a_ticket_that_was_answered_after_the_reminder_is_not_overdue(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock
) -> None:
    await _open(desk)
    _at(clock, SOON)
    assert await sweeper.sweep() == 1
    await _execute(desk, "UPDATE tickets SET status = 'pending' WHERE status = 'open'")
    _at(clock, DUE)
    assert (await sweeper.sweep(), _count(desk, "missed"), _overdue(desk)) == (0, 0, 0)


async def test_a_hand_over_is_told_with_its_reason(desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock) -> None:
    answer = await desk.call(HANDOFF_HUMAN, WAITING)
    clock.advance(86_400)
    assert await sweeper.sweep() == 1
    number = answer.json()["ticket_number"]
    assert (await _told(desk, "email"))[-1] == f"First reply overdue: ticket {number}, brain down, high"


@pytest.mark.parametrize("status", ["taken", "closed"])
async def test_a_hand_over_that_somebody_took_is_answered(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock, status: str
) -> None:
    await desk.call(HANDOFF_HUMAN, WAITING)
    await _execute(desk, f"UPDATE handoffs SET status = '{status}' WHERE status = 'open'")
    await _nothing_is_told(desk, sweeper, clock)


async def test_another_systems_tickets_are_not_watched(desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock) -> None:
    await _open(desk)
    await _execute(desk, "UPDATE tickets SET number = '#35436' WHERE status = 'open'")
    await _nothing_is_told(desk, sweeper, clock)


async def test_a_ticket_from_before_the_timers_is_told_when_it_is_overdue(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock
) -> None:
    await _open(desk)
    await _execute(desk, "UPDATE tickets SET reply_soon_at = NULL WHERE status = 'open'")
    _at(clock, SOON)
    assert await sweeper.sweep() == 0
    _at(clock, DUE)
    assert (await sweeper.sweep(), _count(desk, "missed")) == (1, 1)


async def test_who_gets_the_timers_is_not_told_of_all_the_past(settings: Settings) -> None:
    connection = await asyncpg.connect(settings.database_url)
    try:
        await connection.execute("BEGIN; ALTER TABLE tickets DROP COLUMN reply_soon_at, DROP COLUMN sla_told")
        for number, due in (("HP-1", "2020-01-01"), ("HP-2", "2999-01-01")):
            await connection.execute(_OLD.format(number=number, due=due))
        await connection.execute(files("tickets.migrations").joinpath("versions/0003_sla_timers.sql").read_text())
        rows = await connection.fetch("SELECT number, sla_told FROM tickets WHERE id LIKE 'tkt_old%' ORDER BY id")
        assert [tuple(row) for row in rows] == [("HP-1", "missed"), ("HP-2", "")]
    finally:
        await connection.close()


async def test_several_replicas_at_once_tell_each_ticket_once(desk: ToolClient, clock: FakeClock) -> None:
    for _ in range(12):
        await _open(desk)
    _at(clock, DUE)
    found = await asyncio.gather(*(_sweeper(desk).sweep() for _ in range(6)))
    assert sum(found) == 12
    assert (_count(desk, "missed"), len(await _told(desk, "email"))) == (12, 12)
    assert await _sweeper(desk).sweep() == 0


async def test_a_ticket_that_somebody_is_changing_just_now_holds_up_nobody(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock
) -> None:
    await _open(desk)
    await _open(desk)
    _at(clock, DUE)
    async with asyncio.timeout(5), desk.kit.db.transaction() as connection:
        await connection.execute("SELECT FROM tickets WHERE status = 'open' LIMIT 1 FOR UPDATE")
        assert await sweeper.sweep() == 1
    assert await sweeper.sweep() == 1


async def test_a_notice_that_cannot_be_stored_is_told_by_the_next_sweep(
    desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock
) -> None:
    await _open(desk)
    _at(clock, DUE)
    before = await _told(desk, "email")
    await _execute(desk, "ALTER TABLE outbox ADD CONSTRAINT broken CHECK (kind = 'none') NOT VALID")
    try:
        with pytest.raises(Exception, match="broken"):
            await sweeper.sweep()
    finally:
        await _execute(desk, "ALTER TABLE outbox DROP CONSTRAINT broken")
    assert (await _told(desk, "email"), _count(desk, "missed")) == (before, 0)
    assert (await sweeper.sweep(), _count(desk, "missed")) == (1, 1)


async def test_without_anybody_to_tell_it_only_counts(desk: ToolClient, settings: Settings, clock: FakeClock) -> None:
    await _open(desk)
    _at(clock, DUE)
    before = await _told(desk, "email"), await _told(desk, "slack")
    notices = staff_notices(settings, load_policy().timezone, desk.people, Finder.load())
    quiet = SlaSweeper(desk.kit, notices, desk.people)
    assert (await quiet.sweep(), _count(desk, "missed"), _overdue(desk)) == (1, 1, 1)
    assert (await _told(desk, "email"), await _told(desk, "slack")) == before


async def test_the_service_sweeps_by_itself_and_ends_in_peace(
    desk: ToolClient, settings: Settings, clock: FakeClock, ways_out: dict[str, Any], smtp: FakeSmtp, slack: FakeSlack
) -> None:
    number = await _open(desk)
    await _execute(desk, "DELETE FROM outbox")
    _at(clock, DUE)
    more = {**NOWHERE, **ways_out, "tickets_sla_every_s": 0.01}
    async with started(settings, clock, **more):
        await eventually(lambda: smtp.mails and slack.posts)
        assert _running() == 1
    assert [mail["Subject"] for mail in smtp.mails] == [f"First reply overdue: ticket {number}, technical, urgent"]
    assert _running() == 0


async def test_it_goes_on_without_a_database(settings: Settings, clock: FakeClock) -> None:
    nowhere = "postgresql://aiguy:x@127.0.0.1:9/nothing"
    async with started(settings, clock, database_url=nowhere, tickets_sla_every_s=0.001):
        (task,) = (one for one in asyncio.all_tasks() if one.get_name() == "sla")
        await asyncio.wait([task], timeout=0.2)
        assert not task.done()


def _sweeper(desk: ToolClient) -> SlaSweeper:
    settings = desk.kit.settings
    assert isinstance(settings, Settings)
    notices = staff_notices(settings, load_policy().timezone, desk.people, Finder.load())
    return SlaSweeper(desk.kit, notices, desk.people)


async def _nothing_is_told(desk: ToolClient, sweeper: SlaSweeper, clock: FakeClock) -> None:
    clock.advance(86_400)
    assert (await sweeper.sweep(), _overdue(desk)) == (0, 0)


async def _open(desk: ToolClient) -> str:
    """A new urgent ticket; its number. That it was opened is not what these tests look at."""
    answer = await desk.call(CREATE_TICKET, ASKED, grant=await desk.confirm(CREATE_TICKET, ASKED))
    assert answer.status_code == 200, answer.text
    await _execute(desk, "DELETE FROM outbox")
    return str(answer.json()["number"])


def _at(clock: FakeClock, moment: datetime, more_s: float = 0.0) -> None:
    clock.advance((moment - clock.now()).total_seconds() + more_s)


def _count(desk: ToolClient, event: str) -> float | None:
    return desk.kit.metrics.registry.get_sample_value("aiguy_ticket_sla_total", {"event": event})


def _overdue(desk: ToolClient) -> float | None:
    return desk.kit.metrics.registry.get_sample_value("aiguy_tickets_overdue")


def _running() -> int:
    return sum(task.get_name() == "sla" for task in asyncio.all_tasks())


async def _told(desk: ToolClient, kind: str, what: str = "") -> list[str]:
    """The titles of what was queued: of an e-mail its subject, in Slack the text."""
    what = what or ("subject" if kind == "email" else "body")
    async with desk.kit.db.primary() as connection:
        rows = await connection.fetch("SELECT * FROM outbox WHERE kind = $1 ORDER BY place", kind)
        openers = await desk.people.openers(connection, (row["requester"] for row in rows))
    return [OUTBOX.opened(row, openers[row["requester"]])[what] for row in rows]


async def _execute(desk: ToolClient, statement: str) -> None:
    async with desk.kit.db.transaction() as connection:
        await connection.execute(statement)
