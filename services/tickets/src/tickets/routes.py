"""Which contract is served by which handler."""

from dataclasses import replace

from fastapi import APIRouter

from contracts.tools.tickets import CREATE_TICKET, EMAIL_ANSWER, HANDOFF_HUMAN, SEND_EMAIL, SLACK_POST_MESSAGE
from servicekit.tool_router import ToolBinding, tool_router
from tickets.handlers import TicketTools
from tickets.notices import EmailTool, SlackTool
from tickets.remote import RemoteSteps


def tools_router(
    tools: TicketTools, *, remote: RemoteSteps | None = None, email: EmailTool | None = None,
    slack: SlackTool | None = None,
) -> APIRouter:  # fmt: skip
    """`POST /tools/{name}`, the previews and the manifest. `remote`: tickets are opened elsewhere first.

    Without their parts `send_email`, `email_answer` and `slack_post_message` answer 501.
    """
    ticket = ToolBinding(CREATE_TICKET, tools.create_ticket, tools.preview_ticket)
    handoff = ToolBinding(HANDOFF_HUMAN, tools.handoff_human)
    if remote is not None:
        ticket = replace(ticket, begin=remote.begin_ticket, submit=remote.submit_ticket)
        handoff = replace(handoff, begin=remote.begin_handoff, submit=remote.submit_handoff)
    bindings = [ticket, handoff]
    if email is not None:
        bindings.append(ToolBinding(SEND_EMAIL, email.send, email.preview))
        bindings.append(ToolBinding(EMAIL_ANSWER, email.answer, email.preview_answer))
    if slack is not None:
        bindings.append(ToolBinding(SLACK_POST_MESSAGE, slack.post, slack.preview))
    return tool_router(bindings)
