"""One request to a model and the stream of what it answers; all clients speak exactly this.

LlmPort ── OpenAiWire    servers that speak OpenAI's wire format, ~50 times cheaper
        ├─ LiteLlmWire   the providers of litellm: over the same wire where they speak it, else as LiteLlm
        └─ LiteLlm       every provider, through litellm whole
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from orchestrator.brain.port import BrainErrorKind

FinishReason = Literal["stop", "tool_calls", "length", "refused"]


@dataclass(frozen=True, slots=True)
class LlmRequest:
    """One call. Messages and tools are in OpenAI's shape; `schema` asks for a JSON answer of that shape.

    `timeout_s` is for the whole call, `idle_timeout_s` for the silence between two deltas, the first one included.
    """

    model: str
    messages: tuple[dict[str, Any], ...]
    temperature: float
    max_tokens: int
    timeout_s: float
    idle_timeout_s: float
    tools: tuple[dict[str, Any], ...] = ()
    schema: dict[str, Any] | None = None
    #: How long the tools are as JSON, to estimate the prompt's fixed part.
    tools_chars: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the tool call at `index`: its name comes once, its arguments (JSON text) in pieces."""

    index: int
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class UsageDelta:
    """What the call used; the cost is in micro-dollars, 0 when the price is not known."""

    tokens_in: int
    tokens_out: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The model stopped by itself. A stream that ends without one was cut."""

    reason: FinishReason


Delta = TextDelta | ToolCallDelta | UsageDelta | Finish


class LlmFailure(Exception):
    """The call gave no whole answer. The text never quotes the provider.

    `same_again` says whether the same request to the same model may succeed.
    """

    def __init__(self, kind: BrainErrorKind, *, retry_after_s: float | None = None, same_again: bool = True) -> None:
        super().__init__(f"model call failed: {kind}")
        self.kind: BrainErrorKind = kind
        self.retry_after_s = retry_after_s
        self.same_again = same_again


class LlmPort(Protocol):
    """A client. Closing the generator early closes the connection, so the provider stops."""

    def stream(self, request: LlmRequest) -> AsyncGenerator[Delta, None]:
        """The deltas of one call, as they come. Raises `LlmFailure`."""
        ...
