"""The least that a loop without a framework needs to read an OpenAI stream and to write the next request."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from turnbench.task import MODEL, TOOLS, first_messages

_DATA = b"data: "


@dataclass(slots=True)
class Reply:
    """One reply of the model, gathered from its stream by `feed`."""

    text: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, str]] = field(default_factory=dict)
    _rest: bytes = b""

    def feed(self, chunk: bytes) -> None:
        """Take bytes as they come."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(_DATA) and line != b"data: [DONE]":
                self._read(orjson.loads(line[len(_DATA) :]))

    def _read(self, event: dict[str, Any]) -> None:
        for choice in event.get("choices", ()):
            delta = choice["delta"]
            if delta.get("content"):
                self.text.append(delta["content"])
            for piece in delta.get("tool_calls", ()):
                call = self.calls.setdefault(piece["index"], {"id": "", "name": "", "arguments": ""})
                call["id"] += piece.get("id", "")
                call["name"] += piece["function"].get("name", "")
                call["arguments"] += piece["function"].get("arguments", "")


@dataclass(slots=True)
class Talk:
    """The growing messages of one turn."""

    messages: list[dict[str, Any]]

    @classmethod
    def begin(cls, text: str) -> "Talk":
        """A turn that begins with the customer's message."""
        return cls(first_messages(text))

    def body(self) -> bytes:
        """The body of the next call of the model."""
        request = {"model": MODEL, "messages": self.messages, "tools": TOOLS, "stream": True,
                   "stream_options": {"include_usage": True}}  # fmt: skip
        return orjson.dumps(request)

    def called(self, call: dict[str, str], result: str) -> None:
        """Add a tool call and its result."""
        function = {"name": call["name"], "arguments": call["arguments"]}
        asked = {"id": call["id"], "type": "function", "function": function}
        self.messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
        self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
