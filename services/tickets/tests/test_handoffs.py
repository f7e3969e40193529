"""A hand-over is one ticket and one place in the queue, however often it is asked for."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from contracts.tools.tickets import HANDOFF_HUMAN
from servicekit.testing import FakeClock
from servicekit.testing.tool_client import ADA, GUEST, As, ToolClient
from tickets.people import HANDOFFS, TICKETS

pytestmark = pytest.mark.service
ASKED = {
    "reason": "customer_asked", "summary": "Wants to speak to a person about a late refund.",
    "transcript": "Customer: where is my money?\nAssistant: let me look.",
}  # fmt: skip


def talking(number: int, who: As = ADA) -> As:
    """The same person in another conversation."""
    return replace(who, conversation_id=f"cnv_{number:032x}")


@pytest.fixture(autouse=True)
async def _empty_queue(service: ToolClient) -> None:
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE handoffs SET status = 'closed'")


async def test_it_stores_reason_transcript_and_a_ticket(service: ToolClient, clock: FakeClock) -> None:
    handoff = await _hand_over(service, ASKED)
    (row,) = await _rows(service, handoff)
    assert (row["reason"], row["summary"], row["transcript"]) == tuple(ASKED.values())
    assert (row["status"], row["queue"], row["requester"], row["created_at"]) == (
        "open",
        "live",
        service.people.name("cust_ada"),
        clock.now(),
    )
    assert (row["body"], row["priority"], row["number"]) == (ASKED["summary"], "high", handoff["ticket_number"])
    assert row["events"] == ["created", "handed_off"]
    assert (handoff["queue"], handoff["position"], handoff["reply_due"]) == ("live", 0, "2026-03-02T17:00:00Z")


async def test_it_needs_no_confirmation_and_is_open_to_guests(service: ToolClient) -> None:
    handoff = await _hand_over(service, {"reason": "brain_down", "summary": "The assistant does not answer."}, GUEST)
    (row,) = await _rows(service, handoff)
    assert (row["guest"], row["transcript"]) == (True, "")


async def test_each_conversation_waits_behind_the_earlier_ones(service: ToolClient) -> None:
    positions = [(await _hand_over(service, ASKED, talking(n)))["position"] for n in range(3)]
    assert positions == [0, 1, 2]


async def test_a_second_one_in_the_same_conversation_gives_the_first(service: ToolClient) -> None:
    first = await _hand_over(service, ASKED)
    second = await _hand_over(service, {"reason": "low_confidence", "summary": "Still waiting."})
    assert second == first
    assert len(await _rows(service, first)) == 1


async def test_a_second_one_tells_the_place_that_it_has_by_now(service: ToolClient) -> None:
    ahead = await _hand_over(service, ASKED, talking(1))
    first = await _hand_over(service, ASKED, talking(2))
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE handoffs SET status = 'taken' WHERE id = $1", ahead["handoff_id"])
    second = await _hand_over(service, ASKED, talking(2))
    assert (first["position"], second["position"]) == (1, 0)
    assert second["handoff_id"] == first["handoff_id"]


async def test_after_it_was_answered_the_conversation_can_be_handed_over_again(service: ToolClient) -> None:
    first = await _hand_over(service, ASKED)
    async with service.kit.db.transaction() as connection:
        await connection.execute("UPDATE handoffs SET status = 'closed' WHERE id = $1", first["handoff_id"])
    assert (await _hand_over(service, ASKED))["handoff_id"] != first["handoff_id"]


async def test_nobody_gets_another_persons_hand_over(service: ToolClient) -> None:
    mine = await _hand_over(service, ASKED)
    theirs = await _hand_over(service, ASKED, replace(ADA, subject="cust_ben"))
    assert theirs["handoff_id"] != mine["handoff_id"]
    assert theirs["ticket_number"] != mine["ticket_number"]


async def test_without_a_conversation_each_is_its_own(service: ToolClient) -> None:
    nowhere = replace(ADA, conversation_id=None)
    first, second = await _hand_over(service, ASKED, nowhere), await _hand_over(service, ASKED, nowhere)
    assert first["handoff_id"] != second["handoff_id"]


async def test_twenty_different_keys_at_once_are_still_one_hand_over(service: ToolClient) -> None:
    found = await asyncio.gather(*(_hand_over(service, {**ASKED, "summary": f"Try {n}"}) for n in range(20)))
    assert len({one["handoff_id"] for one in found}) == 1
    assert await _open_count(service) == 1


async def test_twenty_conversations_at_once_get_twenty_places(service: ToolClient) -> None:
    found = await asyncio.gather(*(_hand_over(service, ASKED, talking(n)) for n in range(20)))
    assert sorted(one["position"] for one in found) == list(range(20))
    assert len({one["ticket_number"] for one in found}) == 20


async def _hand_over(service: ToolClient, asked: dict[str, str], who: As = ADA) -> dict[str, Any]:
    response: httpx.Response = await service.call(HANDOFF_HUMAN, asked, who)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def _rows(service: ToolClient, handoff: dict[str, Any]) -> list[dict[str, Any]]:
    async with service.kit.db.read() as connection:
        rows = await connection.fetch(
            "SELECT h.id, ticket_id, (SELECT array_agg(kind ORDER BY id) FROM ticket_events e WHERE e.ticket_id = t.id)"
            " AS events FROM handoffs h JOIN tickets t ON t.id = h.ticket_id WHERE h.id = $1",
            handoff["handoff_id"],
        )
    return [
        await service.opened(TICKETS, row["ticket_id"]) | await service.opened(HANDOFFS, row["id"]) | dict(row)
        for row in rows
    ]


async def _open_count(service: ToolClient) -> int:
    async with service.kit.db.read() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM handoffs WHERE status = 'open'")
    return count
