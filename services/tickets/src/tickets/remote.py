"""The steps of a write whose ticket is opened in somebody else's system, before the handler's transaction."""

from dataclasses import dataclass

from contracts.tools.tickets import CreateTicketInput, HandoffInput
from servicekit.tool_router import ToolRequest
from servicekit.tool_router.binding import Submission
from tickets.backends.port import RemoteDesk
from tickets.drafts import Drafts


@dataclass(frozen=True, slots=True)
class RemoteSteps:
    """`begin` and `submit` of both tools."""

    desk: RemoteDesk
    drafts: Drafts

    async def begin_ticket(self, request: ToolRequest, asked: CreateTicketInput) -> None:
        """Writes the intent down."""
        await self.desk.begin_ticket(request.db, self.drafts.ticket(request, asked))

    async def submit_ticket(self, submission: Submission, asked: CreateTicketInput) -> None:
        """Opens the ticket there."""
        await self.desk.submit_ticket(submission.kit.db, self.drafts.ticket(submission, asked))

    async def begin_handoff(self, request: ToolRequest, asked: HandoffInput) -> None:
        """Writes the intent down."""
        await self.desk.begin_handoff(request.db, self.drafts.handoff(request, asked))

    async def submit_handoff(self, submission: Submission, asked: HandoffInput) -> None:
        """Opens the ticket of the hand-over there."""
        await self.desk.submit_handoff(submission.kit.db, self.drafts.handoff(submission, asked))
