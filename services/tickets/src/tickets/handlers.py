"""The tools of tickets, one function each. Guests may use both; who asks comes from the signed token."""

from dataclasses import dataclass

from contracts.tools.tickets import (
    CreateTicketInput,
    CreateTicketOutput,
    HandoffInput,
    HandoffOutput,
    TicketCategory,
    TicketPriority,
)
from servicekit.tool_router import PreviewDraft, ToolRequest
from tickets.backends.port import HandoffDraft, OpenBackend, TicketDraft
from tickets.policy import SlaPolicy


@dataclass(frozen=True, slots=True)
class TicketTools:
    """The handlers over one backend and one policy."""

    open: OpenBackend
    policy: SlaPolicy

    async def create_ticket(self, request: ToolRequest, asked: CreateTicketInput) -> CreateTicketOutput:
        """Opens the confirmed ticket."""
        draft = self._draft(
            request, subject=asked.subject, body=asked.body, category=asked.category, priority=asked.priority,
            queue=self.policy.queue_for(asked.category), order_id=asked.order_id,
        )  # fmt: skip
        ticket = await self.open(request.db).open_ticket(draft)
        return CreateTicketOutput(
            ticket_id=ticket.id, number=ticket.number, status=ticket.status, first_reply_due=draft.first_reply_due
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
        rule = self.policy.handoff_rule(asked.reason)
        draft = self._draft(
            request, subject=f"Conversation handed over: {asked.reason.value.replace('_', ' ')}", body=asked.summary,
            category=TicketCategory.OTHER, priority=rule.priority, queue=rule.queue, order_id=None,
        )  # fmt: skip
        handoff = await self.open(request.db).hand_over(
            HandoffDraft(ticket=draft, reason=asked.reason, summary=asked.summary, transcript=asked.transcript)
        )
        return HandoffOutput(
            handoff_id=handoff.id, ticket_id=handoff.ticket_id, ticket_number=handoff.ticket_number,
            queue=handoff.queue, position=handoff.position, reply_due=handoff.reply_due,
        )  # fmt: skip

    def _draft(
        self, request: ToolRequest, *, subject: str, body: str, category: TicketCategory, priority: TicketPriority,
        queue: str, order_id: str | None,
    ) -> TicketDraft:  # fmt: skip
        now, caller = request.clock.now(), request.caller
        return TicketDraft(
            requester=caller.subject, guest=caller.is_guest, conversation_id=caller.conversation_id,
            turn_id=caller.turn_id, subject=subject, body=body, category=category, priority=priority, queue=queue,
            order_id=order_id, first_reply_due=self.policy.first_reply_due(priority, now), created_at=now,
        )  # fmt: skip
