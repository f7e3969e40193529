"""The tools of tickets, one function each. Guests may use both; who asks comes from the signed token."""

from dataclasses import dataclass

from contracts.tools.tickets import CreateTicketInput, CreateTicketOutput, HandoffInput, HandoffOutput
from servicekit.tool_router import PreviewDraft, ToolRequest
from tickets.backends.port import OpenBackend
from tickets.drafts import Drafts
from tickets.staff_notices import StaffNotices
from tickets.ticket_facts import Moment, TicketFacts


@dataclass(frozen=True, slots=True)
class TicketTools:
    """The handlers over one backend and one policy. Staff hear of a ticket in the transaction that stores it."""

    open: OpenBackend
    drafts: Drafts
    notices: StaffNotices

    async def create_ticket(self, request: ToolRequest, asked: CreateTicketInput) -> CreateTicketOutput:
        """Opens the confirmed ticket."""
        draft = self.drafts.ticket(request, asked)
        ticket = await self.open(request.db).open_ticket(draft)
        facts = TicketFacts(
            ticket_id=ticket.id, owner=draft.owner, number=ticket.number, topic=draft.category.value,
            priority=draft.priority.value, queue=draft.queue, subject=draft.subject,
            first_reply_due=draft.first_reply_due,
        )  # fmt: skip
        await self.notices.tell(request.db, Moment.OPENED, facts, request.clock.now(), request.caller)
        return CreateTicketOutput(
            ticket_id=ticket.id,
            number=ticket.number,
            status=ticket.status,
            first_reply_due=draft.first_reply_due,
        )

    async def preview_ticket(self, request: ToolRequest, asked: CreateTicketInput) -> PreviewDraft:
        """The ticket as it would be opened. Its number and due time are known only once it is open."""
        about = {} if asked.order_id is None else {"order_id": asked.order_id}
        return PreviewDraft(
            summary=f"Open a support ticket: \u201c{asked.subject}\u201d",
            after={
                "subject": asked.subject,
                "message": asked.body,
                "category": asked.category.value,
                "priority": asked.priority.value,
                **about,
            },
        )

    async def handoff_human(self, request: ToolRequest, asked: HandoffInput) -> HandoffOutput:
        """Opens a ticket and queues the conversation for a person; a second time it gives the first hand-over."""
        draft = self.drafts.handoff(request, asked)
        handoff = await self.open(request.db).hand_over(draft)
        facts = TicketFacts(
            ticket_id=handoff.ticket_id, owner=draft.ticket.owner, number=handoff.ticket_number,
            topic=draft.reason.value, priority=draft.ticket.priority.value, queue=handoff.queue,
            subject=draft.ticket.subject, first_reply_due=handoff.reply_due,
        )  # fmt: skip
        await self.notices.tell(request.db, Moment.HANDED_OVER, facts, request.clock.now(), request.caller)
        return HandoffOutput(
            handoff_id=handoff.id, ticket_id=handoff.ticket_id, ticket_number=handoff.ticket_number,
            queue=handoff.queue, position=handoff.position, reply_due=handoff.reply_due,
        )  # fmt: skip
