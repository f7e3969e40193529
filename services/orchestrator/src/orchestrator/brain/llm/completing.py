"""Runs one model call to its end, within its time, and gathers what came."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import assert_never

from contracts.turn import Usage
from orchestrator.brain.llm.port import (
    Finish,
    FinishReason,
    LlmFailure,
    LlmPort,
    LlmRequest,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)

#: A rough measure for providers that do not count: characters per token of English text and JSON.
CHARS_PER_TOKEN = 4


@dataclass(slots=True)
class CallText:
    """A tool call as the model wrote it; `arguments` is JSON text, perhaps broken."""

    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Completion:
    """A whole answer."""

    text: str
    calls: tuple[CallText, ...]
    finish: FinishReason
    usage: Usage


@dataclass(slots=True)
class _Gathered:
    text: list[str] = field(default_factory=list)
    calls: dict[int, CallText] = field(default_factory=dict)
    finish: FinishReason | None = None
    usage: Usage | None = None


async def complete(llm: LlmPort, request: LlmRequest, on_text: Callable[[str], Awaitable[None]]) -> Completion:
    """The answer to one request; text goes to `on_text` as it comes.

    Raises `LlmFailure`: `timeout` when the whole call or one silence takes too long, `unavailable` when the stream
    ends before the model did. Cancelling closes the connection to the provider.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + request.timeout_s
    moved_at = loop.time()
    gathered = _Gathered()
    try:
        async with (
            asyncio.timeout(min(request.timeout_s, request.idle_timeout_s)) as limit,
            aclosing(llm.stream(request)) as deltas,
        ):
            async for delta in deltas:
                # A timer costs as much as a token, so it is moved only when a tenth of the silence has passed.
                # One that has fired in this very turn of the loop cannot be moved any more.
                if (now := loop.time()) - moved_at > request.idle_timeout_s / 10 and not limit.expired():
                    moved_at = now
                    limit.reschedule(min(ends_at, now + request.idle_timeout_s))
                match delta:
                    case TextDelta(text):
                        gathered.text.append(text)
                        await on_text(text)
                    case ToolCallDelta(index, name, arguments):
                        call = gathered.calls.setdefault(index, CallText())
                        call.name += name
                        call.arguments += arguments
                    case UsageDelta(tokens_in, tokens_out, cost_micros):
                        gathered.usage = Usage(tokens_in=tokens_in, tokens_out=tokens_out, cost_micros=cost_micros)
                    case Finish(reason):
                        gathered.finish = reason
                    case _:
                        assert_never(delta)
    except TimeoutError as error:
        raise LlmFailure("timeout") from error
    if gathered.finish is None:
        raise LlmFailure("unavailable")
    if gathered.finish == "refused":
        raise LlmFailure("refused", same_again=False)
    text = "".join(gathered.text)
    calls = tuple(gathered.calls[index] for index in sorted(gathered.calls))
    return Completion(text, calls, gathered.finish, gathered.usage or estimated_usage(request, text, calls))


def estimated_usage(request: LlmRequest, text: str = "", calls: tuple[CallText, ...] = ()) -> Usage:
    """About what a call used, for providers that do not say and calls that broke off. Costs are not estimated."""
    sent = sum(len(str(message.get("content") or "")) for message in request.messages)
    written = len(text) + sum(len(call.arguments) for call in calls)
    return Usage(tokens_in=sent // CHARS_PER_TOKEN, tokens_out=written // CHARS_PER_TOKEN)
