"""A site hears of tickets by webhook: each moment once, in names for machines, and nothing that was said."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from contracts.registry import AnyContract
from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.sealing.subjects import SubjectKeys
from servicekit.testing import FakeClock
from servicekit.testing.faulty import Fault, Faults
from servicekit.testing.tool_client import ToolClient, tool_service
from servicekit.testing.waiting import eventually
from tickets.app import build
from tickets.people import people_of
from tickets.settings import Settings

from .fake_webhook import SECRET, FakeSite

pytestmark = pytest.mark.service
TICKET = {
    "subject": "Refund is late, write to ada@example.org", "body": "My card is 4111 and I wait.", "category": "refund",
    "priority": "high",
}  # fmt: skip
WAITING = {"reason": "customer_asked", "summary": "Ada wants a person.", "transcript": "Customer: hello?"}


@pytest.fixture
async def telling(settings: Settings, site_url: str, clock: FakeClock) -> AsyncIterator[ToolClient]:
    told = {"tickets_webhook_url": site_url, "tickets_webhook_secret": SECRET, "outbox_poll_s": 0.01}
    full = Settings.model_validate(settings.model_dump() | told | {"tickets_sla_every_s": 0.05})
    async with tool_service(lambda kit: build(full, kit_factory=kit), clock) as client:
        async with client.kit.db.transaction() as connection:
            for statement in (
                "DELETE FROM outbox", "UPDATE tickets SET status = 'closed'", "UPDATE handoffs SET status = 'closed'",
            ):  # fmt: skip
                await connection.execute(statement)
        yield client


async def test_a_new_ticket_is_told_with_its_subject_masked(telling: ToolClient, site: FakeSite) -> None:
    ticket = await _call(telling, CREATE_TICKET, TICKET)
    await eventually(lambda: site.taken)
    (taken,) = site.taken
    assert taken.body == {
        "type": "ticket.created",
        "timestamp": "2026-03-02T09:00:00Z",
        "data": {
            "ticket_id": ticket["ticket_id"], "number": ticket["number"], "topic": "refund", "priority": "high",
            "queue": "billing", "subject": "Refund is late, write to [email]",
            "first_reply_due": "2026-03-02T17:00:00Z",
        },
    }  # fmt: skip


async def test_a_hand_over_is_told_without_what_was_said(telling: ToolClient, site: FakeSite) -> None:
    await _call(telling, HANDOFF_HUMAN, WAITING)
    await eventually(lambda: site.taken)
    (taken,) = site.taken
    assert (taken.body["type"], taken.body["data"]["topic"]) == ("ticket.handed_over", "customer_asked")
    assert "hello" not in str(taken.body)
    assert "wants a person" not in str(taken.body)


async def test_a_reply_that_is_due_and_one_that_is_overdue_are_told_once_each(
    telling: ToolClient, site: FakeSite, clock: FakeClock
) -> None:
    await _call(telling, CREATE_TICKET, TICKET | {"priority": "urgent"})
    await eventually(lambda: len(site.taken) == 1)
    for hours in (4.8, 0.5, 24):
        clock.advance(hours * 3600)
        site.now = clock.now().timestamp()
        await eventually(lambda: _is_quiet(telling))
    assert [one.body["type"] for one in site.taken] == ["ticket.created", "ticket.sla_soon", "ticket.sla_missed"]
    assert len({one.id for one in site.taken}) == 3


async def test_a_repeated_call_and_a_site_that_was_away_change_nothing_of_the_id(
    telling: ToolClient, site: FakeSite, site_faults: Faults, clock: FakeClock
) -> None:
    site_faults.next(Fault.status(503), Fault.hang_after())
    key = secrets.token_hex(8)
    first = await _call(telling, CREATE_TICKET, TICKET, key)
    assert await _call(telling, CREATE_TICKET, TICKET, key) == first
    await eventually(lambda: len(site_faults.seen) == 1)
    async with telling.kit.db.primary() as connection:
        (message,) = await connection.fetch("SELECT id, kind FROM outbox")
    await eventually(lambda: _tried(telling))
    clock.advance(60)
    site.now = clock.now().timestamp()
    await eventually(lambda: site.taken)
    assert (message["kind"], site.taken[0].id) == ("webhook", message["id"])


async def test_what_waits_for_a_site_is_not_sent_after_an_erasure(
    telling: ToolClient, site: FakeSite, site_faults: Faults, people: SubjectKeys, clock: FakeClock
) -> None:
    site_faults.next(Fault.status(503))
    await _call(telling, CREATE_TICKET, TICKET)
    await eventually(lambda: _tried(telling))
    async with telling.kit.db.transaction() as connection:
        done = await people_of(people).erase(connection, "orchestrator", "cust_ada")
    assert done.erased["message"] == 1
    clock.advance(3600)
    await eventually(lambda: _is_quiet(telling))
    assert (site.taken, len(site_faults.seen)) == ([], 1)


async def _call(
    client: ToolClient, contract: AnyContract, asked: dict[str, str], key: str | None = None
) -> dict[str, Any]:
    grant = await client.confirm(contract, asked) if contract is CREATE_TICKET else None
    answer = await client.call(contract, asked, key=key, grant=grant)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _tried(client: ToolClient) -> bool:
    async with client.kit.db.primary() as connection:
        return bool(await connection.fetchval("SELECT bool_and(tries = 1 AND reason <> '') FROM outbox"))


async def _is_quiet(client: ToolClient) -> bool:
    """Nothing waits for delivery, and of each ticket that is open all was told that is due."""
    async with client.kit.db.primary() as connection:
        waiting = await connection.fetchval("SELECT count(*) FROM outbox WHERE state = 'waiting'")
        untold = await connection.fetchval(
            "SELECT count(*) FROM tickets WHERE status = 'open' AND (sla_told = '' AND reply_soon_at <= $1"
            " OR sla_told <> 'missed' AND first_reply_due <= $1)",
            client.clock.now(),
        )
    return waiting == 0 and untold == 0
