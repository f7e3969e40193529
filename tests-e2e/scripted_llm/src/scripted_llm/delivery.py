"""Sends a reply over raw ASGI: at once, or at the pace of the behaviour, whole or broken."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import orjson

from scripted_llm import wire
from scripted_llm.model import Model, Received
from scripted_llm.replies import CallTools, Fail, Reply, Say
from scripted_llm.request import ChatRequest

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_SSE = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
_JSON = [(b"content-type", b"application/json")]
_PADDING = ("I", "am", "here", "if", "there", "is", "anything", "else", "that", "you", "need.")
_CALL_ID = "chatcmpl-scripted"
_BROKEN_AFTER = 3
_NEVER_S = 3600.0
#: How often a held answer looks whether it is let go.
_LOOK_MS = 20.0


class Disconnected(Exception):
    """The client went away."""


class Delivery:
    """One answer on its way to one client."""

    def __init__(self, model: Model, request: ChatRequest, record: Received, receive: Receive, send: Send) -> None:
        self._model = model
        self._request = request
        self._record = record
        self._receive = receive
        self._send = send
        self._gone: asyncio.Task[None] | None = None
        self._began, self._first_ms = asyncio.get_running_loop().time(), 0.0

    async def deliver(self, reply: Reply) -> None:
        """Sends the reply; a client that leaves is noted in the record, never raised."""
        try:
            await self._deliver(reply)
        except Disconnected:
            self._record.ended = "disconnected"
        finally:
            if self._gone is not None:
                self._gone.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._gone

    async def _deliver(self, reply: Reply) -> None:
        behaviour = self._model.behaviour
        planned = isinstance(reply, CallTools) and behaviour.planner_ms is not None
        first_ms = behaviour.first_token_ms + (behaviour.slow_planner_ms if self._request.tools else 0)
        self._first_ms = (behaviour.planner_ms or 0) if planned else first_ms
        await self._wait(self._first_ms)
        while self._model.behaviour.held:
            await self._wait(_LOOK_MS)
        if isinstance(reply, Fail):
            await self._fail(reply)
        elif self._request.stream:
            frames = self._frames(reply)
            await self._stream((b"".join(frames),) if planned else frames)
        else:
            await self._whole(reply)

    def _frames(self, reply: CallTools | Say) -> list[wire.Frame]:
        framer = wire.Framer(self._request.model, _CALL_ID)
        frames = [framer.opening()]
        if isinstance(reply, CallTools) and not self._request.json_mode:
            frames += [framer.text(token) for token in wire.tokens_of(reply.preamble)]
            frames += framer.tool_calls(reply)
            reason = "tool_calls"
        else:
            frames += [framer.text(token) for token in self._tokens(reply)]
            reason = "stop"
        completion = len(frames) - 1
        frames.append(framer.closing(reason))
        if self._request.include_usage:
            frames.append(framer.usage(self._request.prompt_tokens, completion))
        frames.append(wire.DONE)
        return frames

    def _tokens(self, reply: CallTools | Say) -> list[str]:
        if self._request.json_mode:
            return wire.tokens_of(_as_json(reply))
        tokens = wire.tokens_of(reply.text) if isinstance(reply, Say) else []
        wanted = self._model.behaviour.answer_tokens
        if wanted is None or not tokens:
            return tokens
        tokens = tokens[:wanted]
        return tokens + [f" {_PADDING[i % len(_PADDING)]}" for i in range(wanted - len(tokens))]

    async def _stream(self, frames: Sequence[wire.Frame]) -> None:
        behaviour = self._model.behaviour
        await self._start(200, _SSE)
        if behaviour.split_bytes is not None:
            frames = wire.in_pieces(frames, behaviour.split_bytes)
        elif behaviour.instant:
            frames = (b"".join(frames),)
        for sent, frame in enumerate(frames, 1):
            await self._chunk(frame)
            if behaviour.split_bytes is not None:
                await asyncio.sleep(0)
            elif sent < len(frames) and behaviour.steady:
                await self._until(self._first_ms + sent * behaviour.token_ms)
            elif not behaviour.steady:
                await self._wait(behaviour.token_ms)
        await self._end("complete")

    async def _whole(self, reply: CallTools | Say) -> None:
        tokens = self._tokens(reply)
        message: dict[str, Any] = {"content": "".join(tokens)}
        reason = "stop"
        if isinstance(reply, CallTools) and not self._request.json_mode:
            calls = [
                {
                    "id": f"call_{i}",
                    "type": "function",
                    "function": {"name": name, "arguments": wire.arguments_text(args)},
                }
                for i, (name, args) in enumerate(reply.calls)
            ]
            message, reason = {"content": reply.preamble or None, "tool_calls": calls}, "tool_calls"
        await self._wait(self._model.behaviour.token_ms * len(tokens))
        usage = wire.usage_of(self._request.prompt_tokens, len(tokens))
        await self._respond(200, wire.whole_body(self._request.model, _CALL_ID, message, reason, usage), "complete")

    async def _fail(self, fail: Fail) -> None:
        framer = wire.Framer(self._request.model, _CALL_ID)
        opening = [framer.opening(), *(framer.text(token) for token in wire.tokens_of(fail.text)[:_BROKEN_AFTER])]
        match fail.fault:
            case "unauthorised":
                await self._error(401, "Incorrect API key provided.", "invalid_request_error", "invalid_api_key")
            case "rate_limited":
                await self._error(
                    429, "Rate limit reached.", "requests", "rate_limit_exceeded", retry_after_s=fail.retry_after_s
                )
            case "server_error":
                await self._error(500, "The server had an error.", "server_error", None)
            case "refusal":
                await self._stream([framer.opening(), framer.closing("content_filter"), wire.DONE])
            case "empty":
                await self._stream([framer.opening(), framer.closing("stop"), wire.DONE])
            case "stall":
                await self._broken_stream(opening)
                await self._wait(_NEVER_S * 1000)
            case "cut":
                # Returning without the last body message makes the server drop the connection.
                await self._broken_stream(opening)
                self._record.ended = "failed"
            case "broken_json":
                await self._broken_stream(
                    [*opening, b'data: {"choices":[{"index":0,"delta":{"content":"no en\n\n', wire.DONE]
                )
                await self._end("failed")

    async def _broken_stream(self, frames: Sequence[wire.Frame]) -> None:
        await self._start(200, _SSE)
        for frame in frames:
            await self._chunk(frame)

    async def _error(self, status: int, message: str, kind: str, code: str | None, retry_after_s: float = 0) -> None:
        headers = [(b"retry-after", f"{retry_after_s:g}".encode())] if retry_after_s else []
        await self._respond(status, wire.error_body(message, kind, code), "failed", headers)

    async def _respond(self, status: int, body: bytes, ended: str, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        await self._start(status, [*_JSON, *headers, (b"content-length", str(len(body)).encode())])
        await self._chunk(body)
        await self._end(ended)

    async def _start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        await self._send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def _chunk(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def _end(self, ended: str) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        self._record.ended = ended

    async def _until(self, due_ms: float) -> None:
        """Waits until so long after the request came; not at all when that is over."""
        late_ms = (asyncio.get_running_loop().time() - self._began) * 1000
        await self._wait(due_ms - late_ms)

    async def _wait(self, milliseconds: float) -> None:
        """Waits while listening for the client to leave. Nothing is started when there is nothing to wait for."""
        if milliseconds <= 0:
            return
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._client_left())
        done, _ = await asyncio.wait((self._gone,), timeout=self._model.delay_s(milliseconds))
        if done:
            raise Disconnected

    async def _client_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue


def _as_json(reply: CallTools | Say) -> str:
    """A reply in the JSON-schema mode of the Brain: one of its two shapes."""
    if isinstance(reply, Say):
        return orjson.dumps({"kind": "final_message", "text": reply.text}).decode()
    name, arguments = reply.calls[0]
    if isinstance(arguments, str):
        return f'{{"kind":"tool_call","name":{orjson.dumps(name).decode()},"arguments":{arguments}}}'
    return orjson.dumps({"kind": "tool_call", "name": name, "arguments": arguments}).decode()
