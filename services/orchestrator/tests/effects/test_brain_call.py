"""Asking the Brain is a span of the message's trace, counted by model; what was said is in it only when asked for."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from contracts.turn import FinalMessage, Usage
from orchestrator.effects.brain_call import brain_call
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.scope import TurnScope
from orchestrator.turn.inputs import Drafted, PlanFailed, PlanMade, TurnInput
from orchestrator.turn.state import TurnState
from servicekit.clock import SystemClock
from servicekit.telemetry import Metrics
from servicekit.telemetry.genai import CAPTURE, asked, provider_of, step

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
STATE = TurnState(text="Where is <ORDER_1>?", traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
WRITTEN = Drafted(text="On its way.", usage=Usage(tokens_in=120, tokens_out=30, cost_micros=7), model="large")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What was sent, to a collector of the test's own."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    monkeypatch.delenv(CAPTURE, raising=False)
    return exporter


async def told(answer: TurnInput) -> Metrics:
    """The metrics after the Brain was asked and gave this."""
    metrics = Metrics()
    world = SimpleNamespace(metrics=TurnMetrics(metrics), clock=SystemClock(), offline=SimpleNamespace(name="offline"))
    scope = SimpleNamespace(world=world, conversation=SimpleNamespace(id="cnv_1"), turn_id="trn_1")

    async def answering() -> TurnInput:
        return answer

    assert await brain_call("generate", answering(), STATE, cast(TurnScope, scope)) is answer
    return metrics


async def test_a_call_is_in_the_trace_of_its_message_with_what_it_used(spans: InMemorySpanExporter) -> None:
    metrics = await told(WRITTEN)
    (span,) = spans.get_finished_spans()
    context: Any = span.get_span_context()
    assert (span.name, f"{context.trace_id:032x}", f"{cast(Any, span.parent).span_id:016x}") == (
        "generate", TRACE, "00f067aa0ba902b7",
    )  # fmt: skip
    assert span.attributes == {
        "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "cnv_1", "gen_ai.response.model": "large",
        "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 30, "aiguy.turn": "trn_1", "aiguy.result": "ok",
    }  # fmt: skip
    assert span.kind is SpanKind.CLIENT
    value = metrics.registry.get_sample_value
    assert value("aiguy_brain_tokens_total", {"direction": "in", "model": "large"}) == 120
    assert value("aiguy_brain_cost_micros_total", {"model": "large"}) == 7
    assert value("aiguy_brain_seconds_count", {"step": "generate", "result": "ok"}) == 1


async def test_a_call_without_an_answer_is_counted_as_failed(spans: InMemorySpanExporter) -> None:
    metrics = await told(PlanFailed(reason="timeout"))
    value = metrics.registry.get_sample_value
    assert value("aiguy_brain_seconds_count", {"step": "generate", "result": "failed"}) == 1
    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert (attributes["aiguy.result"], attributes["error.type"]) == ("failed", "timeout")
    assert span.status.status_code is StatusCode.ERROR


async def test_what_answers_without_a_model_is_named_as_ours(spans: InMemorySpanExporter) -> None:
    await told(PlanMade(message=FinalMessage(text="Within 30 days."), model="offline"))
    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert (attributes["gen_ai.provider.name"], attributes["gen_ai.request.model"]) == ("aiguy", "offline")


async def test_the_model_that_is_asked_is_named_before_it_answers(spans: InMemorySpanExporter) -> None:
    with step("plan"):
        asked("anthropic/small", temperature=0.2, max_tokens=800)
    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert attributes["gen_ai.provider.name"] == "anthropic"
    assert attributes["gen_ai.request.model"] == "anthropic/small"
    assert (attributes["gen_ai.request.temperature"], attributes["gen_ai.request.max_tokens"]) == (0.2, 800)


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("openai/gpt-x", "openai"), ("groq/llama", "groq"), ("bedrock/anthropic.claude", "aws.bedrock"),
        ("azure/mine", "azure.ai.openai"), ("gemini/pro", "gcp.gemini"), ("mistral/large", "mistral_ai"),
        ("claude-small", "anthropic"), ("gpt-x", "openai"),
    ],
)  # fmt: skip
def test_providers_have_the_names_of_the_conventions(model: str, provider: str) -> None:
    assert provider_of(model) == provider


async def test_texts_are_in_a_span_only_when_the_environment_asks_for_them_and_then_with_tokens(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CAPTURE, "true")
    await told(WRITTEN)
    (span,) = spans.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert attributes["gen_ai.input.messages"] == STATE.text
    assert attributes["gen_ai.output.messages"] == "On its way."
