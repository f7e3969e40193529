"""Spans of the agent's steps, by OpenTelemetry's GenAI conventions. What was said is in them only when asked for.

`OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true`, the conventions' own variable, adds the texts of `plan` and
`generate`: as the Brain sees and says them, with tokens for personal data, and redacted again on the way out.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from servicekit.telemetry.tracing import span, tracing_enabled

Step = Literal["plan", "generate", "execute_tool", "observe", "retrieval"]
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
#: What the conventions call each step; `observe` is ours: taking a tool's answer in.
_OPERATIONS = {
    "plan": "chat", "generate": "chat", "execute_tool": "execute_tool", "observe": "execute_tool",
    "retrieval": "retrieval",
}  # fmt: skip
_MODELS = {"plan", "generate"}
#: What the conventions call providers that litellm calls otherwise (the part of a model's name before the stroke).
_PROVIDERS = {
    "azure": "azure.ai.openai", "azure_ai": "azure.ai.inference", "bedrock": "aws.bedrock", "cohere_chat": "cohere",
    "gemini": "gcp.gemini", "mistral": "mistral_ai", "vertex_ai": "gcp.vertex_ai", "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}  # fmt: skip
#: The provider of what answers without a model.
OURS = "aiguy"
_PROPAGATOR = TraceContextTextMapPropagator()


@contextmanager
def step(
    name: Step, *, parent: str = "", conversation: str = "", tool: str = "", **more: AttributeValue
) -> Iterator[Span]:
    """A span of a step. `parent` is a `traceparent`: the message that the step works for, wherever it runs.

    A step with a `tool` is named after both; `more` are attributes of ours, under `aiguy.`.
    """
    if not tracing_enabled():
        yield trace.INVALID_SPAN
        return
    attributes: dict[str, AttributeValue] = {"gen_ai.operation.name": _OPERATIONS[name]}
    if conversation:
        attributes["gen_ai.conversation.id"] = conversation
    if tool:
        attributes |= {"gen_ai.tool.name": tool, "gen_ai.tool.type": "function"}
    attributes |= {f"aiguy.{key}": value for key, value in more.items()}
    token = context.attach(_PROPAGATOR.extract({"traceparent": parent})) if parent else None
    try:
        kind = SpanKind.CLIENT if name in _MODELS else SpanKind.INTERNAL
        with span(f"{name} {tool}" if tool else name, attributes, kind) as current:
            yield current
    finally:
        if token is not None:
            context.detach(token)


def of_tool(name: str) -> dict[str, AttributeValue]:
    """The attributes of a tool's own side of a call."""
    return {"gen_ai.operation.name": _OPERATIONS["execute_tool"], "gen_ai.tool.name": name}


def provider_of(model: str) -> str:
    """The conventions' name of the provider of a model, which is named as litellm names it."""
    provider, stroke, _ = model.partition("/")
    if not stroke:
        return "anthropic" if model.startswith("claude") else "openai"
    return _PROVIDERS.get(provider, provider)


def asked(model: str, *, temperature: float, max_tokens: int) -> None:
    """Which model the span that is open now asks, before it answers: what is told even when it never does."""
    current = trace.get_current_span()
    if current.is_recording():
        current.set_attributes({
            "gen_ai.provider.name": provider_of(model), "gen_ai.request.model": model, "gen_ai.request.stream": True,
            "gen_ai.request.temperature": temperature, "gen_ai.request.max_tokens": max_tokens,
        })  # fmt: skip


def asked_ourselves(current: Span, name: str) -> None:
    """As `asked`, when no model is asked, but what is in this process and called `name`."""
    current.set_attributes({"gen_ai.provider.name": OURS, "gen_ai.request.model": name})


def failed(current: Span, why: str) -> None:
    """The step has come to no good end, for a reason of a small closed set."""
    current.set_attribute("error.type", why)
    current.set_status(Status(StatusCode.ERROR))


def used(current: Span, *, model: str, tokens_in: int, tokens_out: int) -> None:
    """Which model answered in the span, and what it read and wrote."""
    current.set_attributes({
        "gen_ai.response.model": model, "gen_ai.usage.input_tokens": tokens_in,
        "gen_ai.usage.output_tokens": tokens_out,
    })  # fmt: skip


def said(current: Span, *, asked: str, answered: str) -> None:
    """The masked texts of the step, where the environment asks for them; else nothing."""
    if captures_content():
        current.set_attributes({"gen_ai.input.messages": asked, "gen_ai.output.messages": answered})


def captures_content() -> bool:
    """Whether the environment asks for texts in spans."""
    return os.environ.get(CAPTURE, "").lower() == "true"
