"""Which contract is served by which handler."""

from fastapi import APIRouter

from contracts.tools.tickets import CREATE_TICKET, HANDOFF_HUMAN
from servicekit.tool_router import ToolBinding, tool_router
from tickets.handlers import TicketTools


def tools_router(tools: TicketTools) -> APIRouter:
    """`POST /tools/{name}`, the previews and the manifest. `send_email` and `slack_post_message` answer 501."""
    return tool_router([
        ToolBinding(CREATE_TICKET, tools.create_ticket, tools.preview_ticket),
        ToolBinding(HANDOFF_HUMAN, tools.handoff_human),
    ])  # fmt: skip
