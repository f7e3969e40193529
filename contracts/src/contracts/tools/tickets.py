"""Tickets: tickets, hand-over to a person, e-mail and Slack notices."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.base import ContractModel
from contracts.ids import OrderId
from contracts.text import ANY_TEXT, MESSAGE_ID, MESSAGE_ID_OR_NONE, ONE_LINE, ONE_LINE_OF_THREE, WRITTEN
from contracts.tool import Confirmation, Family, RiskTier, ToolContract, ToolEffect


class TicketCategory(StrEnum):
    """What a ticket is about; it chooses the queue."""

    ORDER = "order"
    BILLING = "billing"
    REFUND = "refund"
    PRODUCT = "product"
    TECHNICAL = "technical"
    OTHER = "other"


class TicketPriority(StrEnum):
    """How fast it must be answered; the SLA policy gives the hours."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class CreateTicketInput(ContractModel):
    """What the customer needs a person for."""

    subject: str = Field(min_length=3, max_length=160, pattern=ONE_LINE_OF_THREE)
    body: str = Field(min_length=1, max_length=8000, pattern=WRITTEN)
    category: TicketCategory = TicketCategory.OTHER
    priority: TicketPriority = TicketPriority.NORMAL
    order_id: OrderId | None = None


class CreateTicketOutput(ContractModel):
    """The ticket; `number` is what people say, `first_reply_due` comes from the SLA."""

    ticket_id: str
    number: str
    status: str
    first_reply_due: datetime


class HandoffReason(StrEnum):
    """Why a person takes over."""

    CUSTOMER_ASKED = "customer_asked"
    LOW_CONFIDENCE = "low_confidence"
    TOOL_FAILURE = "tool_failure"
    NOT_AUTHORISED = "not_authorised"
    POLICY = "policy"
    BUDGET = "budget"
    BRAIN_DOWN = "brain_down"
    REPEATED_QUESTION = "repeated_question"
    REPEATED_CALL = "repeated_call"
    ABUSE = "abuse"


class HandoffInput(ContractModel):
    """A hand-over with its reason and what was said so far (already redacted)."""

    reason: HandoffReason
    summary: str = Field(min_length=1, max_length=2000, pattern=WRITTEN)
    transcript: Annotated[str, StringConstraints(max_length=20_000, pattern=ANY_TEXT)] = ""


class HandoffOutput(ContractModel):
    """Who has it now. `position` counts open hand-overs before this one; `reply_due` comes from the SLA."""

    handoff_id: str
    ticket_id: str
    ticket_number: str
    queue: str
    position: int = Field(ge=0)
    reply_due: datetime


class SendEmailInput(ContractModel):
    """A message to the customer's own address; the service knows it, the caller does not."""

    subject: str = Field(min_length=1, max_length=160, pattern=ONE_LINE)
    body: str = Field(min_length=1, max_length=20_000, pattern=WRITTEN)


class EmailAnswerInput(SendEmailInput):
    """An answer by mail. `reply_tag` is what the shop's reply address holds behind its `+`; `in_reply_to` the
    Message-ID of the mail that it answers, and `references` those of its thread, the oldest first; without brackets.
    """

    reply_tag: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{0,58}$")] = ""
    in_reply_to: Annotated[str, StringConstraints(pattern=MESSAGE_ID_OR_NONE)] = ""
    references: tuple[Annotated[str, StringConstraints(pattern=MESSAGE_ID)], ...] = Field(default=(), max_length=20)


class SlackMessageInput(ContractModel):
    """A notice to a channel of the shop's own workspace."""

    channel: Annotated[str, StringConstraints(pattern=r"^#?[a-z0-9_-]{1,80}$")]
    text: str = Field(min_length=1, max_length=4000, pattern=WRITTEN)


class MessageOutput(ContractModel):
    """The message as accepted for delivery."""

    message_id: str
    queued_at: datetime


CREATE_TICKET = ToolContract(
    name="create_ticket", family=Family.TICKETS, version="1.0.0",
    description="Opens a support ticket for the customer, after their confirmation.",
    input=CreateTicketInput, output=CreateTicketOutput, effect=ToolEffect.WRITE, scope="tickets.create",
    risk=RiskTier.LOW, timeout_ms=5000, retries=2, confirmation=Confirmation.CUSTOMER, guests=True,
    redact=("subject", "body"), free_text=("subject", "body"), label="Opening a ticket",
)  # fmt: skip
HANDOFF_HUMAN = ToolContract(
    name="handoff_human", family=Family.TICKETS, version="1.1.0",
    description="Hands the conversation over to a person, with the reason and the transcript.",
    input=HandoffInput, output=HandoffOutput, effect=ToolEffect.WRITE, scope="tickets.handoff",
    risk=RiskTier.LOW, timeout_ms=5000, retries=3, guests=True, redact=("summary", "transcript"),
    free_text=("summary", "transcript"), label="Fetching a person",
)  # fmt: skip
SEND_EMAIL = ToolContract(
    name="send_email", family=Family.TICKETS, version="1.0.0",
    description="Sends an e-mail to the customer's own address, after their confirmation.",
    input=SendEmailInput, output=MessageOutput, effect=ToolEffect.WRITE, scope="tickets.email",
    risk=RiskTier.PRIVATE, timeout_ms=5000, retries=2, confirmation=Confirmation.CUSTOMER,
    redact=("subject", "body"), free_text=("subject", "body"), label="Sending an e-mail",
)  # fmt: skip
EMAIL_ANSWER = ToolContract(
    name="email_answer", family=Family.TICKETS, version="1.1.0",
    description="Sends an answer that was promised to the customer's own address, or a guest's. The orchestrator only.",
    input=EmailAnswerInput, output=MessageOutput, effect=ToolEffect.WRITE, scope="tickets.email_answer",
    risk=RiskTier.LOW, timeout_ms=5000, retries=2, guests=True,
    redact=("subject", "body", "in_reply_to", "references"),
    free_text=("subject", "body"), label="Sending the answer",
)  # fmt: skip
SLACK_POST_MESSAGE = ToolContract(
    name="slack_post_message", family=Family.TICKETS, version="1.1.0",
    description="Posts a notice to a Slack channel of the shop. Staff and the orchestrator only; also about a guest.",
    input=SlackMessageInput, output=MessageOutput, effect=ToolEffect.WRITE, scope="tickets.slack",
    risk=RiskTier.LOW, timeout_ms=5000, retries=2, guests=True, redact=("text",), free_text=("text",),
    label="Notifying the team",
)  # fmt: skip

CONTRACTS = (CREATE_TICKET, HANDOFF_HUMAN, SEND_EMAIL, EMAIL_ANSWER, SLACK_POST_MESSAGE)
