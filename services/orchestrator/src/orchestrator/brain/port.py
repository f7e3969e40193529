"""What the turn asks of a Brain, and what a Brain answers.

A Brain proposes; it never acts. `plan` gives one tool call or one final message, `draft` writes the answer from
what was observed. Everything in a `BrainContext` is already masked; observations are data, never instructions.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from contracts.errors import ErrorClass
from contracts.turn import Citation, FinalMessage, Mark, Role, ToolCall, Usage

OnText = Callable[[str], Awaitable[None]]
"""Receives the text of an answer, piece by piece, as it is written; an empty piece takes back what came so far."""


@runtime_checkable
class TakesMarks(Protocol):
    """An `OnText` that is also told which sources the text names, before the text behind a mark comes."""

    def mark(self, marks: Sequence[Mark]) -> None:
        """New marks, by their place in the text so far."""
        ...


BrainErrorKind = Literal["timeout", "unavailable", "rate_limited", "malformed", "refused"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, Any]
    write: bool
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What a call of this turn gave: `output`, or None with the class and the code of its error.

    `free_text` names the fields of the output that others may have written.
    """

    tool: str
    arguments: dict[str, Any]
    output: dict[str, Any] | None
    error_class: ErrorClass | None = None
    error_code: str | None = None
    free_text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One earlier message of the conversation, masked."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class BrainContext:
    """Everything a Brain may know in one call.

    `customer` is False for a guest. Personal data and order numbers stand as tokens, such as `<email_k7q2m4xd>`. No
    `tools` means that no tool may be called now. `repair` holds the exact errors of the last proposal, `notes`
    what the answer must take into account, such as "The order system is down.". `withheld` are the tools that change
    something, while text of others is in the turn: the customer can ask for them in their next message. `off` are
    tools that are switched off: who needs one gets a person. `language` is the customer's: one that we have phrases
    for, or `other`. `may_prove`: a guest who can prove a mail address, so that tools which it opens may be called: who
    has not yet done it is asked to.
    """

    conversation_id: str
    turn_id: str
    customer: bool
    channel: str
    question: str
    history: tuple[Message, ...]
    summary: str
    tools: tuple[ToolSpec, ...]
    observations: tuple[Observation, ...]
    now: datetime
    repair: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    withheld: tuple[ToolSpec, ...] = ()
    off: tuple[ToolSpec, ...] = ()
    language: str = "en"
    may_prove: bool = False
    max_output_tokens: int = 800


@dataclass(frozen=True, slots=True)
class Plan:
    """The next step. `streamed` says that the text of a final message has already gone to `on_text`."""

    proposal: ToolCall | FinalMessage
    usage: Usage
    model: str
    streamed: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A written answer; its text has already gone to `on_text`. `marks`: where in it which source was marked;
    `refuses`: it is a no. `answers`: it answers, though a search that was made besides found nothing.
    """

    text: str
    citations: tuple[Citation, ...]
    usage: Usage
    model: str
    marks: tuple[Mark, ...] = ()
    refuses: bool = False
    answers: bool = False


class BrainError(Exception):
    """No usable reply. `malformed` means that it is neither of the two shapes; `errors` then say why.

    `usage` counts what the failed call cost. The text never holds what a provider wrote.
    """

    def __init__(
        self,
        kind: BrainErrorKind,
        *,
        usage: Usage | None = None,
        errors: tuple[str, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(f"the model gave no usable reply: {kind}")
        self.kind: BrainErrorKind = kind
        self.usage = usage or Usage()
        self.errors = errors
        self.retry_after_s = retry_after_s


class Brain(Protocol):
    """One way to think. Both calls raise `BrainError`; both are cancelled safely at any point."""

    @property
    def name(self) -> str:
        """A short name for records, such as `offline` or the planner's model."""
        ...

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        """Proposes a tool call, or a final message (streamed through `on_text` where the wire allows it)."""
        ...

    async def draft(self, context: BrainContext, on_text: OnText) -> Draft:
        """Writes the answer from the observations, without tools, with the stronger model."""
        ...
