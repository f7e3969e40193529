"""The turn that everybody does: a native tool call, one HTTP tool, an answer that is streamed."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

MODEL = "scripted-small"
TOOL = "get_order_status"
SYSTEM = "You are the assistant of a shop's customer support. Look the order up, then answer in a few short sentences."
DESCRIPTION = "Where one of the customer's own orders is: status, carrier, expected delivery."
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"order_id": {"type": "string", "description": "The order number, such as ABC123."}},
    "required": ["order_id"],
}
TOOLS = [{"type": "function", "function": {"name": TOOL, "description": DESCRIPTION, "parameters": PARAMETERS}}]

#: The whole answer to a question.
Ask = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Target:
    """Where the scripted model and the tool are. `llm_url` ends in `/v1`."""

    llm_url: str
    llm_key: str
    tool_url: str

    @property
    def chat_url(self) -> str:
        """The route of the model."""
        return f"{self.llm_url}/chat/completions"

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a bare call of the model."""
        return {"authorization": f"Bearer {self.llm_key}", "content-type": "application/json"}


#: A rival: opens its clients once and gives the function that runs one turn.
Rival = Callable[[Target], AbstractAsyncContextManager[Ask]]


def order_id(number: int) -> str:
    """The order that turn `number` asks for; each turn has its own, so that nobody's cache answers."""
    return f"BN{number:06d}"


def question(number: int) -> str:
    """What the customer writes in turn `number`."""
    return f"Where is my order {order_id(number)}?"


def first_messages(text: str) -> list[dict[str, Any]]:
    """The messages of a turn's first call of the model."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
