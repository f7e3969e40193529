"""A ticket is opened exactly as it was confirmed, in the right queue, with the reply time of the SLA."""

import re
from datetime import datetime

import asyncpg
import pytest

from contracts.errors import ProblemCode
from contracts.tools.tickets import CREATE_TICKET
from servicekit.testing import FakeClock
from servicekit.testing.conformance import assert_problem
from servicekit.testing.issuer import CONVERSATION, TURN
from servicekit.testing.tool_client import ADA, GUEST, As, ToolClient
from tickets.people import TICKETS

pytestmark = pytest.mark.service
ASKED = {
    "subject": "Refund is late", "body": "You said five days.\nIt has been ten.", "category": "refund",
    "priority": "high", "order_id": "1234",
}  # fmt: skip


async def test_the_preview_shows_all_that_would_be_stored(service: ToolClient) -> None:
    preview = (await service.preview(CREATE_TICKET, ASKED)).json()
    assert preview["summary"] == "Open a support ticket: \u201cRefund is late\u201d"
    assert preview["after"] == {
        "subject": "Refund is late", "message": ASKED["body"], "category": "refund", "priority": "high",
        "order_id": "1234",
    }  # fmt: skip
    assert preview["money_moved"] is None


async def test_a_confirmed_ticket_is_stored_with_who_asked_and_where(service: ToolClient, clock: FakeClock) -> None:
    ticket = await _open(service, ASKED, ADA)
    row = await service.opened(TICKETS, ticket["ticket_id"])
    assert {name: row[name] for name in ASKED} == ASKED
    assert (row["requester"], row["guest"]) == (service.people.name("cust_ada"), False)
    assert (row["queue"], row["status"], row["conversation_id"], row["turn_id"]) == (
        "billing",
        "open",
        CONVERSATION,
        TURN,
    )
    assert (row["number"], row["created_at"]) == (ticket["number"], clock.now())
    assert row["first_reply_due"] == datetime.fromisoformat(ticket["first_reply_due"])


async def test_numbers_are_short_and_go_up(service: ToolClient) -> None:
    first, second = [await _open(service, ASKED, ADA) for _ in range(2)]
    assert re.fullmatch(r"HP-\d{5}", first["number"])
    assert int(second["number"][3:]) > int(first["number"][3:]) >= 10023


async def test_a_guest_may_open_a_ticket(service: ToolClient) -> None:
    ticket = await _open(service, {"subject": "Hello", "body": "Do you have a store?"}, GUEST)
    row = await service.opened(TICKETS, ticket["ticket_id"])
    assert (row["requester"], row["guest"]) == (service.people.name(GUEST.subject), True)
    assert (row["category"], row["priority"], row["queue"], row["order_id"]) == ("other", "normal", "general", None)


async def test_the_first_reply_is_due_by_the_priority(service: ToolClient, clock: FakeClock) -> None:
    # Monday, 2 March 2026, 09:00 UTC is 04:00 in Burlington: support opens at 13:00 UTC.
    assert clock.now().isoformat() == "2026-03-02T09:00:00+00:00"
    due = [
        (await _open(service, {**ASKED, "priority": p}, ADA))["first_reply_due"] for p in ("urgent", "high", "normal")
    ]
    assert due == ["2026-03-02T14:00:00Z", "2026-03-02T17:00:00Z", "2026-03-02T21:00:00Z"]


async def test_what_happened_to_a_ticket_is_kept_for_good(service: ToolClient) -> None:
    ticket = await _open(service, ASKED, ADA)
    event = await _row(service, "SELECT * FROM ticket_events WHERE ticket_id = $1", ticket["ticket_id"])
    assert (event["kind"], event["actor"]) == ("created", service.people.name("cust_ada"))
    for statement in (
        "UPDATE ticket_events SET kind = 'handed_off'",
        "UPDATE ticket_events SET actor = 'cust_ben'",
        "DELETE FROM ticket_events",
        "TRUNCATE ticket_events",
    ):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await _execute(service, statement)


@pytest.mark.parametrize(
    "wrong",
    [{"subject": "ab"}, {"subject": "two\nlines"}, {"subject": "x" * 161}, {"body": " "}, {"body": "x" * 8001},
     {"category": "Refund"}, {"priority": "asap"}, {"order_id": "no id"}],
    ids=lambda wrong: next(iter(wrong)),
)  # fmt: skip
async def test_what_is_no_ticket_is_refused(service: ToolClient, wrong: dict[str, str]) -> None:
    response = await service.preview(CREATE_TICKET, {**ASKED, **wrong})
    assert_problem(response, ProblemCode.INVALID_REQUEST)
    assert [error["pointer"] for error in response.json()["errors"]] == [f"/{next(iter(wrong))}"]


async def _open(service: ToolClient, asked: dict[str, str], who: As) -> dict[str, str]:
    response = await service.call(CREATE_TICKET, asked, who, grant=await service.confirm(CREATE_TICKET, asked, who))
    assert response.status_code == 200, response.text
    found: dict[str, str] = response.json()
    return found


async def _row(service: ToolClient, sql: str, *arguments: str) -> asyncpg.Record:
    async with service.kit.db.read() as connection:
        row = await connection.fetchrow(sql, *arguments)
    assert row is not None
    return row


async def _execute(service: ToolClient, statement: str) -> None:
    connection = await asyncpg.connect(service.kit.settings.database_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
