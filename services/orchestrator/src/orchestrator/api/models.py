"""Bodies of the public API. Unknown fields are refused; texts are bounded."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from contracts.base import ContractModel, exactly_one
from contracts.errors import PROBLEMS, ErrorClass, ProblemCode
from contracts.ids import ClientTurnId, ConversationId, Digest, TurnId
from contracts.money import Money
from contracts.tools.retrieval import Channel
from contracts.turn import MAX_TEXT, Answering, CardText, Citation, Outcome
from orchestrator.handover.telling import Mailing
from orchestrator.journal.answers import Thumbs
from servicekit.addresses import ADDRESS, MAX_ADDRESS

#: PostgreSQL text holds no NUL; other control characters have no place in a chat message either.
Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]+$")]
MailAddress = Annotated[str, StringConstraints(max_length=MAX_ADDRESS, pattern=ADDRESS)]
SessionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{8,64}$")]


def _number(value: Any) -> Any:
    """JSON's 3.0 is the integer 3; `true` and `"3"` are no numbers, whatever Python thinks."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")  # noqa: TRY004 - pydantic wants a ValueError
    return value


Score = Annotated[int, Field(ge=1, le=5), BeforeValidator(_number)]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class NewConversation(ContractModel):
    """`context` is what the page knows. Its `language` is that of the disclosure; the rest is not kept.

    `session_id` is the client's own name of the conversation, as in `POST /chat`: the same name, the same conversation.
    """

    channel: Channel = Channel.WEB
    session_id: SessionId | None = None
    context: dict[Tag, Annotated[str, StringConstraints(max_length=500)]] = Field(
        default={}, max_length=10, json_schema_extra={"additionalProperties": False}
    )


class ConversationCreated(ContractModel):
    """The new conversation, and what the customer is to be told at its start: it begins the thread too. `slack`: they
    can connect their account there (`POST /api/agent/slack/codes`).
    """

    conversation_id: ConversationId
    disclosure: str = ""
    slack: bool = False


class NewMessage(ContractModel):
    """`client_turn_id` is the client's own id of this message: resent with the same id, it is the same turn.

    `mail_to` is where a guest wants the answer when too many wait; it is kept for nothing else.
    """

    conversation_id: ConversationId
    text: Text
    client_turn_id: ClientTurnId
    mail_to: MailAddress | None = None


class TurnAccepted(ContractModel):
    """The turn that answers, and where to follow it."""

    turn_id: TurnId
    stream_url: str


class CardView(ContractModel):
    """An open card."""

    turn_id: TurnId
    kind: Literal["confirmation", "approval"]
    tool: str
    summary: str
    digest: Digest
    money_moved: Money | None = None
    expires_at: datetime
    texts: tuple[CardText, ...] = ()


class MessageView(ContractModel):
    """One message of the thread. An answer has what its turn's `end` had too, and its reader's own `thumbs`; one that
    was promised by e-mail, and went out, is `mailed`.

    Staff read the texts alone.
    """

    role: Literal["customer", "assistant", "staff"]
    text: str
    turn_id: TurnId | None
    at: datetime
    citations: tuple[Citation, ...] = ()
    links: dict[str, str] = {}
    outcome: Outcome | None = None
    mailed: bool = False
    thumbs: Thumbs | None = None


class WaitingView(ContractModel):
    """What is said to somebody to whom no person has spoken yet; "" when that is nothing. `mailing`: whether what
    people say is mailed too; with `wanted`, to the address that `POST /api/agent/handoff` is told.
    """

    text: str
    mailing: Mailing


class ConversationView(ContractModel):
    """A conversation as its owner sees it. `open_turn` goes on by itself: follow `stream_url`. `later` says, in words,
    that its answer comes by e-mail: nobody works at it yet, and to ask again soon is no use. `hand_over` is there while
    the conversation is with a person.
    """

    conversation_id: ConversationId
    channel: str
    answering: Answering
    status: Literal["idle", "working", "waiting"]
    open_turn: TurnId | None
    stream_url: str | None
    later: str = ""
    hand_over: WaitingView | None = None
    cards: tuple[CardView, ...]
    messages: tuple[MessageView, ...]


class ConfirmationDecision(ContractModel):
    """The customer's own yes or no to exactly this effect."""

    conversation_id: ConversationId
    turn_id: TurnId
    digest: Digest
    confirmed: Annotated[bool, Field(strict=True)]


class StopRequest(ContractModel):
    """The customer wants nothing more of this turn."""

    conversation_id: ConversationId
    turn_id: TurnId


class ApprovalView(ContractModel):
    """What waits for staff. `approvals` colleagues must approve because of the clause `policy`; `reasons` are risks."""

    conversation_id: ConversationId
    turn_id: TurnId
    digest: Digest
    tool: str
    summary: str
    money_moved: Money | None
    policy: str
    reasons: tuple[str, ...]
    approvals: int
    approved_by: tuple[str, ...]
    decided_by_me: bool
    customer: str
    channel: str
    asked_at: datetime
    expires_at: datetime
    reminded_at: datetime | None


class ApprovalQuery(BaseModel):
    """How many of the queue. Query parameters are text, so this model is not strict."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200)


class ApprovalQueue(ContractModel):
    """The queue of staff, the oldest first."""

    approvals: tuple[ApprovalView, ...]


class ApprovalDecision(ContractModel):
    """A colleague's own yes or no to exactly this effect. Notes are kept with the decision."""

    conversation_id: ConversationId
    turn_id: TurnId
    digest: Digest
    approved: Annotated[bool, Field(strict=True)]
    notes: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] = ""


class ApprovalAccepted(ContractModel):
    """The decision was recorded. With approvals missing the turn still waits for other colleagues."""

    turn_id: TurnId
    approvals_missing: int


class ToolProblem(ContractModel):
    """Why a tool could not do what it took on."""

    code: ProblemCode

    @property
    def error_class(self) -> ErrorClass:
        """How the turn treats it."""
        return PROBLEMS[self.code].error_class


class ToolAnswer(ContractModel):
    """The late answer of a tool: its output, or a problem. Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=exactly_one("output", "problem"))

    output: dict[str, Any] | None = None
    problem: ToolProblem | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.output is None) == (self.problem is None):
            raise ValueError("give either output or problem")
        return self


class HandoffRequest(ContractModel):
    """The customer asks for a person. With `mail_to`, a guest's, what people say is mailed there too until they hand
    back; where a person is asked for already, that is all that changes, and the turn is the last one.
    """

    conversation_id: ConversationId
    client_turn_id: ClientTurnId
    mail_to: MailAddress | None = None


class Feedback(ContractModel):
    """What the customer thinks of an answer. Sent again, the fields that are sent replace those of before."""

    conversation_id: ConversationId
    turn_id: TurnId
    thumbs: Thumbs | None = None
    csat: Score | None = None
    tags: tuple[Tag, ...] = Field(default=(), max_length=10)
    comment: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""


class ChatRequest(ContractModel):
    """One call for simple clients: `session_id` is the client's own name of the conversation, `mail_to` as in
    `POST /api/agent/messages`.
    """

    session_id: SessionId
    message: Text
    mail_to: MailAddress | None = None


class ChatAnswer(ContractModel):
    """The answer in one piece. While a card is open `outcome` is null and `cards` says what is asked.

    `disclosure` is there with the first answer of a conversation, for the customer to be told before it. With the
    outcome `later` the answer comes by e-mail, to the masked address `mailed_to`.
    """

    conversation_id: ConversationId
    turn_id: TurnId
    text: str
    outcome: Outcome | None
    citations: tuple[Citation, ...] = ()
    links: dict[str, str] = {}
    answering: Answering = Answering.BOT
    cards: tuple[CardView, ...] = ()
    disclosure: str = ""
    mailed_to: str | None = None
