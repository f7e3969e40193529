"""What the Brain may say to the orchestrator, and what the orchestrator streams to the customer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from contracts.base import ContractModel
from contracts.errors import Problem
from contracts.money import Money

MAX_TEXT = 4000


class Role(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"
    STAFF = "staff"


class Answering(StrEnum):
    """Who answers in a conversation right now."""

    BOT = "bot"
    STAFF = "staff"


class Citation(ContractModel):
    """A source of the answer: the chunk, its page, and the words of it that carry the claim."""

    chunk_id: str
    title: str
    url: str
    quote: str


class Mark(ContractModel):
    """Where in the text a source was marked (`[1]`, taken out): the mark stood at `offset`, in characters."""

    offset: int = Field(ge=0)
    chunk_id: str


class SupportedSentence(ContractModel):
    """A sentence of the final text, `text[start:end]` in characters, and the words of the chunk that carry it."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    chunk_id: str
    quote: str


#: Why a turn has no answer: the knowledge base holds none, nothing of what was said had support, or it must not leave.
Refusal = Literal["not_in_knowledge_base", "unsupported", "withheld"]


class ToolCall(ContractModel):
    """The Brain proposes a call. It is a proposal: nothing runs before the orchestrator has checked it."""

    kind: Literal["tool_call"] = "tool_call"
    name: str
    arguments: dict[str, Any]


class FinalMessage(ContractModel):
    """The Brain proposes an answer. `asks_human` is its wish to hand over; `refuses` says that it is a polite no,
    `asks_back` that it asks what is meant.
    """

    kind: Literal["final_message"] = "final_message"
    text: str
    citations: tuple[Citation, ...] = ()
    approvals_needed: tuple[str, ...] = ()
    asks_human: bool = False
    refuses: bool = False
    asks_back: bool = False
    marks: tuple[Mark, ...] = ()
    confidence: float = Field(default=1.0, ge=0, le=1)


Proposal = Annotated[ToolCall | FinalMessage, Field(discriminator="kind")]


class Usage(ContractModel):
    """Tokens of a turn and what they cost, in micro-dollars (1 USD = 1,000,000).

    `tokens_head` is the part of `tokens_in` that is the same in every call: instructions and tools. Providers keep it
    cached, and a turn's token budget leaves it out.
    """

    tokens_in: int = Field(default=0, ge=0)
    tokens_head: int = Field(default=0, ge=0)
    tokens_out: int = Field(default=0, ge=0)
    cost_micros: int = Field(default=0, ge=0)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            tokens_in=self.tokens_in + other.tokens_in, tokens_head=self.tokens_head + other.tokens_head,
            tokens_out=self.tokens_out + other.tokens_out,
            cost_micros=self.cost_micros + other.cost_micros,
        )  # fmt: skip


class Outcome(StrEnum):
    """How a turn ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    CLARIFY = "clarify"
    TOOL_FAILED = "tool_failed"
    HANDED_OVER = "handed_over"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITH_STAFF = "with_staff"
    DEGRADED = "degraded"
    STOPPED = "stopped"
    #: Nobody has worked at it yet: the answer comes by e-mail. A stream says so; no turn ends with it.
    LATER = "later"


class StatusEvent(ContractModel):
    """A step, in human words."""

    event: Literal["status"] = "status"
    state: str
    text: str


class ToolEvent(ContractModel):
    """A tool starts, ends well, or fails. The label is for people; arguments and results are not sent."""

    event: Literal["tool"] = "tool"
    name: str
    label: str
    phase: Literal["started", "succeeded", "failed"]


class ChunkEvent(ContractModel):
    """A piece of the answer. `offset` is its place in the text: on 0 a client starts the text anew."""

    event: Literal["chunk"] = "chunk"
    text: str
    offset: int = Field(ge=0)


class CitationEvent(ContractModel):
    """A source of the answer."""

    event: Literal["citation"] = "citation"
    title: str
    url: str
    quote: str


class CardText(ContractModel):
    """Running text that a write would store or send, whole. `by`: whose words stand in it."""

    name: str
    text: str
    by: Literal["customer", "assistant", "others"]


class ConfirmationEvent(ContractModel):
    """The card that asks the customer to agree to one exact effect; `texts` are what would be stored or sent."""

    event: Literal["confirmation"] = "confirmation"
    tool: str
    summary: str
    digest: str
    money_moved: Money | None = None
    expires_at: datetime
    texts: tuple[CardText, ...] = ()


class ApprovalEvent(ContractModel):
    """The customer agreed; `approvals` members of staff must now approve this exact effect."""

    event: Literal["approval"] = "approval"
    tool: str
    summary: str
    digest: str
    money_moved: Money | None = None
    approvals: int = 1
    expires_at: datetime


class ErrorEvent(ContractModel):
    """The turn cannot be shown to its end; the problem says why."""

    event: Literal["error"] = "error"
    problem: Problem


class EndEvent(ContractModel):
    """The turn is over. `text` is the whole answer and wins over the chunks; `pdf` and other links are in `links`.

    `support`: the sentences that come from the knowledge base, each with its source. `covered`: which share of the
    sentences that say something had support, before those without were dropped; None when none did say anything.
    `mailed_to`: the masked address that the answer will be sent to, with the outcome `later`.
    """

    event: Literal["end"] = "end"
    outcome: Outcome
    text: str
    citations: tuple[Citation, ...] = ()
    links: dict[str, str] = {}
    answering: Answering = Answering.BOT
    confidence: float = Field(default=1.0, ge=0, le=1)
    support: tuple[SupportedSentence, ...] = ()
    covered: float | None = Field(default=None, ge=0, le=1)
    refusal: Refusal | None = None
    mailed_to: str | None = None
    usage: Usage = Usage()
    cost_usd: float = 0.0


StreamEvent = Annotated[
    StatusEvent | ToolEvent | ChunkEvent | CitationEvent | ConfirmationEvent | ApprovalEvent | ErrorEvent | EndEvent,
    Field(discriminator="event"),
]
