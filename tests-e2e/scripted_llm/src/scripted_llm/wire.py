"""Puts a reply on the wire: Server-Sent Events as OpenAI writes them, or one JSON body. Bytes, not models."""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from scripted_llm.replies import CallTools

DONE = b"data: [DONE]\n\n"
_TOKEN = re.compile(r"\s*\S+|\s+$")
_ARGUMENT_PIECE = 12

Frame = bytes


def tokens_of(text: str) -> list[str]:
    """The text cut into words with the space before them; their concatenation is the text."""
    return _TOKEN.findall(text)


class Framer:
    """Builds the frames of one answer."""

    def __init__(self, model: str, call_id: str) -> None:
        head = {"id": call_id, "object": "chat.completion.chunk", "created": 1_767_225_600, "model": model}
        self._head = b"data: " + orjson.dumps(head)[:-1]
        self._text = self._head + b',"choices":[{"index":0,"delta":{"content":'

    def opening(self) -> Frame:
        """The first frame: the role, no text yet."""
        return self._choice(b'{"role":"assistant","content":""}', b"null")

    def text(self, token: str) -> Frame:
        """A piece of text."""
        return self._text + orjson.dumps(token) + b'},"finish_reason":null}]}\n\n'

    def tool_calls(self, reply: CallTools) -> list[Frame]:
        """The calls: a frame with id and name, then the arguments in pieces."""
        frames = []
        for index, (name, arguments) in enumerate(reply.calls):
            call = {
                "index": index,
                "id": f"call_{index}",
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }
            frames.append(self._choice(orjson.dumps({"tool_calls": [call]}), b"null"))
            text = arguments_text(arguments)
            for start in range(0, len(text), _ARGUMENT_PIECE):
                piece = {"index": index, "function": {"arguments": text[start : start + _ARGUMENT_PIECE]}}
                frames.append(self._choice(orjson.dumps({"tool_calls": [piece]}), b"null"))
        return frames

    def closing(self, reason: str) -> Frame:
        """The last choice."""
        return self._choice(b"{}", orjson.dumps(reason))

    def usage(self, prompt: int, completion: int) -> Frame:
        """The usage frame: no choices."""
        return self._head + b',"choices":[],"usage":' + orjson.dumps(usage_of(prompt, completion)) + b"}\n\n"

    def _choice(self, delta: bytes, reason: bytes) -> Frame:
        return self._head + b',"choices":[{"index":0,"delta":' + delta + b',"finish_reason":' + reason + b"}]}\n\n"


def whole_body(model: str, call_id: str, message: dict[str, Any], reason: str, usage: dict[str, int]) -> bytes:
    """The body of an answer that is not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return orjson.dumps(
        {"id": call_id, "object": "chat.completion", "created": 1_767_225_600, "model": model, "choices": [choice],
         "usage": usage}
    )  # fmt: skip


def usage_of(prompt: int, completion: int) -> dict[str, int]:
    """Usage as OpenAI counts it."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def error_body(message: str, kind: str, code: str | None) -> bytes:
    """An error in OpenAI's shape."""
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def arguments_text(arguments: dict[str, Any] | str) -> str:
    """Arguments as the model writes them."""
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()


def in_pieces(frames: Iterable[Frame], size: int) -> list[Frame]:
    """The same bytes cut at every `size`, wherever that falls: a network owes nobody whole lines."""
    joined = b"".join(frames)
    return [joined[start : start + size] for start in range(0, len(joined), size)]
