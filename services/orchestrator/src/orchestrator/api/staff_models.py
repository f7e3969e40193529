"""Bodies of the staff API: the queue of hand-overs, and answering in a conversation."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.base import ContractModel
from contracts.ids import ClientTurnId, ConversationId
from contracts.turn import Answering
from orchestrator.api.models import MessageView, Text


class HandoffView(ContractModel):
    """A conversation that is with a person: why and since when, and since when its customer waits for an answer.

    `reason` is the reason of the hand-over, or `staff` when somebody stepped in. `waiting_since` is null when staff had
    the last word. `last_message` is the customer's.
    """

    conversation_id: ConversationId
    customer: str
    channel: str
    reason: str
    since: datetime
    waiting_since: datetime | None
    last_message: str


class HandoffQuery(BaseModel):
    """How many of the queue. Query parameters are text, so this model is not strict."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)


class HandoffQueue(ContractModel):
    """Who waits longest comes first; those where staff had the last word come last."""

    handoffs: tuple[HandoffView, ...]


class StaffConversation(ContractModel):
    """A conversation as staff see it."""

    conversation_id: ConversationId
    customer: str
    channel: str
    answering: Answering
    messages: tuple[MessageView, ...]


class NewStaffMessage(ContractModel):
    """`client_message_id` is the client's own id of this message: resent with the same id, it is written once."""

    conversation_id: ConversationId
    text: Text
    client_message_id: ClientTurnId


class StaffMessageAccepted(ContractModel):
    """The message stands in the thread since `at`; the customer sees it there."""

    conversation_id: ConversationId
    at: datetime


class Takeover(ContractModel):
    """Which conversation a member of staff goes on with."""

    conversation_id: ConversationId


class Handback(ContractModel):
    """Which conversation the bot goes on with. The note is for colleagues, and sealed."""

    conversation_id: ConversationId
    note: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class AnsweringNow(ContractModel):
    """Who answers now. `changed` is false when it was so before."""

    conversation_id: ConversationId
    answering: Answering
    changed: bool
    step: Literal["takeover", "handback"]
