"""A call of a server that speaks OpenAI's wire format: aiohttp, orjson, our own line reader, nothing else.

Who makes the call's body, and who knows the price, is the caller's: `openai_wire` or litellm's provider layer.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from orchestrator.brain.llm.port import (
    Delta,
    Finish,
    FinishReason,
    LlmFailure,
    LlmRequest,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)
from orchestrator.brain.llm.sse import LineTooLong, SseLines
from orchestrator.brain.port import BrainErrorKind
from servicekit.http.client import FailureKind, HttpFailure, HttpPort

Price = Callable[[int, int], int]
"""Micro-dollars for tokens in and out, of the model that is called."""

_DONE = b"[DONE]"
_MAX_ERROR_BYTES = 16_384
_DRAIN_S = 0.2
_FINISH: Mapping[str, FinishReason] = {
    "stop": "stop", "tool_calls": "tool_calls", "function_call": "tool_calls", "length": "length",
    "content_filter": "refused",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class WireCall:
    """One call: `url` is the whole address, `body` JSON that asks for a stream."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    price: Price


def wire_headers(api_key: str | None) -> dict[str, str]:
    """The headers of a call."""
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    return headers if api_key is None else headers | {"authorization": f"Bearer {api_key}"}


async def wire_stream(http: HttpPort, call: WireCall, request: LlmRequest) -> AsyncGenerator[Delta, None]:
    """The deltas of the call, within the times of `request`. Text that comes in one piece of the network is one delta.

    Raises `LlmFailure`.
    """
    reader = _Reader(call.price)
    try:
        async with http.stream(
            "POST", call.url, headers=call.headers, body=call.body, timeout_s=request.timeout_s,
            idle_timeout_s=request.idle_timeout_s,
        ) as answer:  # fmt: skip
            if answer.status != 200:
                raise _refusal(answer.status, answer.headers, await _error_code(answer.chunks))
            async for chunk in answer.chunks:
                for delta in reader.read(chunk):
                    yield delta
                if reader.done:
                    await _drain(answer.chunks)
                    break
    except HttpFailure as failure:
        raise LlmFailure(_kind(failure.kind)) from failure
    if not (reader.done or reader.finished):
        raise LlmFailure("unavailable")


class _Reader:
    """Makes deltas of the bytes of one stream. `done` after `[DONE]`, `finished` once the model gave its reason."""

    __slots__ = ("_lines", "_price", "done", "finished")

    def __init__(self, price: Price) -> None:
        self._lines = SseLines()
        self._price = price
        self.done = False
        self.finished = False

    def read(self, chunk: bytes) -> list[Delta]:
        """The deltas that `chunk` completes. Raises `LlmFailure` when it is not the wire format."""
        deltas: list[Delta] = []
        texts: list[str] = []
        try:
            for payload in self._lines.feed(chunk):
                if payload == _DONE:
                    self.done = True
                    break
                self._read_event(orjson.loads(payload), texts, deltas)
            _flush(texts, deltas)
        except (LineTooLong, ValueError, LookupError, TypeError, AttributeError) as error:
            raise LlmFailure("unavailable") from error
        return deltas

    def _read_event(self, event: dict[str, Any], texts: list[str], deltas: list[Delta]) -> None:
        if "error" in event:
            # Some servers report trouble within a stream that began well.
            raise LlmFailure("unavailable")
        if choices := event.get("choices"):
            choice = choices[0]
            delta = choice.get("delta") or {}
            if text := delta.get("content"):
                texts.append(text)
            for call in delta.get("tool_calls") or ():
                _flush(texts, deltas)
                function = call.get("function") or {}
                name, arguments = function.get("name") or "", function.get("arguments") or ""
                deltas.append(ToolCallDelta(call.get("index") or 0, name, arguments))
            if reason := choice.get("finish_reason"):
                _flush(texts, deltas)
                self.finished = True
                deltas.append(Finish(_FINISH.get(reason, "stop")))
        if usage := event.get("usage"):
            _flush(texts, deltas)
            tokens_in, tokens_out = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
            deltas.append(UsageDelta(tokens_in, tokens_out, self._price(tokens_in, tokens_out)))


def _flush(texts: list[str], deltas: list[Delta]) -> None:
    if texts:
        deltas.append(TextDelta("".join(texts)))
        texts.clear()


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Reads the end of the body, so that the connection goes back to the pool and the next call need not connect."""
    with contextlib.suppress(TimeoutError, HttpFailure):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in chunks:
                continue


def _kind(kind: FailureKind) -> BrainErrorKind:
    return "timeout" if kind == "timeout" else "unavailable"


def _refusal(status: int, headers: Mapping[str, str], code: str) -> LlmFailure:
    if "content" in code and ("filter" in code or "policy" in code):
        return LlmFailure("refused", same_again=False)
    if status == 429:
        # A spent quota is a 429 as well, and waiting does not help.
        return LlmFailure(
            "rate_limited", retry_after_s=_seconds(headers.get("retry-after")), same_again=code != "insufficient_quota"
        )
    if status in (408, 504):
        return LlmFailure("timeout")
    return LlmFailure("unavailable", retry_after_s=_seconds(headers.get("retry-after")), same_again=status >= 500)


def _seconds(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


async def _error_code(chunks: AsyncIterator[bytes]) -> str:
    body = b""
    async for chunk in chunks:
        body += chunk
        if len(body) > _MAX_ERROR_BYTES:
            return ""
    try:
        error = orjson.loads(body)["error"]
        return str(error.get("code") or error.get("type") or "")
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return ""
