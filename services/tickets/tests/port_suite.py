"""What every ticket system promises, as tests to inherit: `class TestPostgres(PortSuite): ...`

The subclass (or its module) has a fixture `desk: Desk`.
"""

import asyncio
import hashlib
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from contracts.tools.tickets import HandoffReason, TicketCategory, TicketPriority
from tickets.backends.port import Handoff, HandoffDraft, Ticket, TicketDraft

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Desk(Protocol):
    """A ticket system, all steps of a write in one call, and what is in it as its owner sees it."""

    async def open_ticket(self, draft: TicketDraft) -> Ticket:
        """Opens it."""
        ...

    async def hand_over(self, draft: HandoffDraft) -> Handoff:
        """Hands over."""
        ...

    async def answered(self) -> None:
        """Everybody who waited was answered."""
        ...

    async def held(self) -> list[dict[str, Any]]:
        """The tickets, oldest first: `subject`, `text`, `priority`."""
        ...


def owner_of(requester: str) -> str:
    """What a requester is called in our tables, in these tests."""
    return hashlib.sha256(requester.encode()).hexdigest()


def ticket(**changes: Any) -> TicketDraft:
    """A new ticket of Ada's."""
    draft = TicketDraft(
        ref=f"tkt_{secrets.token_hex(16)}", requester="cust_ada",
        owner=owner_of("cust_ada"), guest=False, email="ada@example.org", name="Ada",
        conversation_id=f"cnv_{secrets.token_hex(16)}", turn_id=None, subject="Refund is late", body="Ten days by now.",
        category=TicketCategory.REFUND, priority=TicketPriority.HIGH, queue="billing", order_id="ABC-123",
        first_reply_due=NOW, reply_soon_at=NOW, created_at=NOW,
    )  # fmt: skip
    return replace(draft, **changes)


def handoff(**changes: Any) -> HandoffDraft:
    """A new hand-over of Ada's."""
    about = ticket(subject="Conversation handed over", body="Wants a person.", queue="live", order_id=None)
    return HandoffDraft(replace(about, **changes), HandoffReason.CUSTOMER_ASKED, "Wants a person.", "Customer: Hello?")


class PortSuite:
    """Inherit it; all adapters of the port pass it."""

    async def test_a_ticket_holds_what_was_asked(self, desk: Desk) -> None:
        opened = await desk.open_ticket(ticket())
        assert opened.id
        assert opened.number
        assert opened.status == "open"
        assert (await desk.held())[-1] == {
            "subject": "Refund is late", "text": "Ten days by now.", "priority": "high",
        }  # fmt: skip

    async def test_each_ticket_has_its_own_number(self, desk: Desk) -> None:
        opened = await asyncio.gather(*(desk.open_ticket(ticket()) for _ in range(5)))
        assert len({one.number for one in opened}) == len({one.id for one in opened}) == 5

    async def test_each_priority_is_understood(self, desk: Desk) -> None:
        for priority in TicketPriority:
            await desk.open_ticket(ticket(priority=priority))
        assert [one["priority"] for one in await desk.held()][-4:] == [one.value for one in TicketPriority]

    async def test_a_guest_without_an_address_can_open_one(self, desk: Desk) -> None:
        guest = ticket(requester="guest_1", owner=owner_of("guest_1"), guest=True, email=None, name=None)
        opened = await desk.open_ticket(guest)
        assert opened.status == "open"

    async def test_hand_overs_wait_one_behind_the_other(self, desk: Desk) -> None:
        await desk.answered()
        found = [await desk.hand_over(handoff()) for _ in range(3)]
        assert [one.position for one in found] == [0, 1, 2]
        assert {one.queue for one in found} == {"live"}

    async def test_a_conversation_has_one_open_hand_over_and_one_ticket(self, desk: Desk) -> None:
        asked, before = handoff(), len(await desk.held())
        again = replace(asked, summary="Still waiting.", ticket=replace(asked.ticket, ref="tkt_another"))
        first, second = await desk.hand_over(asked), await desk.hand_over(again)
        assert (second.id, second.ticket_number) == (first.id, first.ticket_number)
        assert len(await desk.held()) == before + 1

    async def test_many_at_once_in_one_conversation_are_one(self, desk: Desk) -> None:
        asked, before = handoff(), len(await desk.held())
        calls = (
            replace(asked, summary=f"Try {n}", ticket=replace(asked.ticket, ref=f"tkt_{n}", body=f"Try {n}"))
            for n in range(8)
        )
        found = await asyncio.gather(*(desk.hand_over(one) for one in calls))
        assert len({one.id for one in found}) == 1
        assert len(await desk.held()) == before + 1

    async def test_once_answered_the_conversation_can_be_handed_over_again(self, desk: Desk) -> None:
        asked = handoff()
        first = await desk.hand_over(asked)
        await desk.answered()
        second = await desk.hand_over(replace(asked, ticket=replace(asked.ticket, ref="tkt_later")))
        assert second.id != first.id
        assert second.ticket_number != first.ticket_number

    async def test_nobody_gets_another_persons_hand_over(self, desk: Desk) -> None:
        mine = handoff()
        ben = {"ref": "tkt_ben", "requester": "cust_ben", "owner": owner_of("cust_ben")}
        theirs = replace(mine, ticket=replace(mine.ticket, **ben))
        assert (await desk.hand_over(mine)).id != (await desk.hand_over(theirs)).id
