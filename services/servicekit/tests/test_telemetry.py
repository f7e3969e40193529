"""Traces and ids across hops; metrics that a client cannot blow up."""

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from servicekit.http.client import HttpFailure
from servicekit.http.httpx_client import HttpxClient
from servicekit.redaction import Redactor
from servicekit.telemetry import Metrics, inject_headers, new_context, span, tracing_enabled
from servicekit.telemetry.current import enter, leave
from servicekit.telemetry.private_export import PrivateExporter
from servicekit.telemetry.tracing import configure_tracing

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_request_goes_on_with_the_callers_trace():
    context = new_context("req-1", f"00-{TRACE}-00f067aa0ba902b7-01")
    token = enter(context)
    headers = inject_headers({"accept": "x"})
    leave(token)
    version, trace_id, span_id, flags = headers["traceparent"].split("-")
    assert (version, trace_id, flags, headers["x-request-id"], headers["accept"]) == ("00", TRACE, "01", "req-1", "x")
    assert span_id != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "parent", [None, "", "junk", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}-{'0' * 16}-01", f"ff-{TRACE}-x-01"]
)
@pytest.mark.parametrize("request_id", [None, "", "a b", "x" * 200, "é", "a\nb"])
def test_malformed_ids_are_replaced(parent, request_id):
    context = new_context(request_id, parent)
    assert context.request_id.startswith("req_")
    assert context.trace_id != TRACE
    assert len(context.trace_id) == 32


def test_outside_of_a_request_nothing_is_made_up():
    assert inject_headers() == {}


def test_without_a_collector_spans_go_nowhere_and_cost_nothing(monkeypatch):
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    from servicekit.settings import ServiceSettings

    assert configure_tracing(ServiceSettings(service="x", database_url="postgresql://x")) is None
    with span("work") as current:
        assert current is trace.INVALID_SPAN


@pytest.mark.service
async def test_with_a_collector_a_call_is_one_trace_from_edge_to_tool(serve, issuer, settings):
    exporter = InMemorySpanExporter()
    before = trace._TRACER_PROVIDER
    provider = configure_tracing(settings, processor=SimpleSpanProcessor(exporter))
    assert provider is not None
    try:
        assert tracing_enabled()
        headers = {**issuer.bearer("orders", "orders.read_own"), "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        async with serve() as service:
            good = await service.client.post("/tools/get_order_status", json={"order_id": "ABC123"}, headers=headers)
            bad = await service.client.post("/tools/get_order_status", json={"order_id": "NOPE"}, headers=headers)
            await service.client.get("/livez")
        spans = exporter.get_finished_spans()
    finally:
        provider.shutdown()
        trace._TRACER_PROVIDER = before
    assert good.status_code == 200
    assert bad.json()["trace_id"] == TRACE
    assert {format(one.context.trace_id, "032x") for one in spans} == {TRACE}
    names = [one.name for one in spans]
    assert names.count("POST /tools/get_order_status") == 2
    assert names.count("tool get_order_status") == 2
    assert len(names) == 4
    assert "ABC123" not in str([(one.name, dict(one.attributes)) for one in spans])


@pytest.fixture
def spans(monkeypatch):
    """What was sent, to a collector of the test's own."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


async def test_a_call_of_a_provider_is_the_last_hop_of_the_trace_and_tells_the_provider_nothing_of_it(spans):
    seen = []

    def provider(request):
        seen.append(request)
        return httpx.Response(402, json={})

    client = HttpxClient(transport=httpx.MockTransport(provider))
    with span("tool issue_refund"):
        answer = await client.request("POST", "https://api.stripe.com/v1/refunds?key=secret", body=b"{}", timeout_s=1)
    call, tool = spans.get_finished_spans()
    assert answer.status == 402
    assert (call.name, call.kind, call.parent.span_id) == ("POST api.stripe.com", SpanKind.CLIENT, tool.context.span_id)
    assert dict(call.attributes) == {
        "http.request.method": "POST", "aiguy.host": "api.stripe.com", "http.response.status_code": 402,
    }  # fmt: skip
    assert "traceparent" not in seen[0].headers


async def test_a_call_that_fails_is_a_span_that_says_so(spans):
    def gone(request):
        raise httpx.ConnectError("secret words")

    with pytest.raises(HttpFailure):
        await HttpxClient(transport=httpx.MockTransport(gone)).request("GET", "https://shop.example/x", timeout_s=1)
    (call,) = spans.get_finished_spans()
    assert (call.status.status_code, call.attributes["error.type"]) == (StatusCode.ERROR, "HttpFailure")
    assert (call.events, call.status.description) == ((), None)


def test_spans_leave_without_what_people_wrote():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(PrivateExporter(exporter, Redactor.load())))
    state = trace.TraceState([("shop", "ada@mail.example")])
    caller = trace.SpanContext(int(TRACE, 16), 7, True, trace.TraceFlags(1), state)
    told = {
        "url.path": "/thread/Ada Moreno", "url.query": "q=heirloom", "server.address": "ada.example", "count": 3,
        "http.route": "/thread/{id}", "note": "to ada@mail.example", "notes": ("to ada@mail.example", "to nobody"),
        "client.address": "203.0.113.7",
    }  # fmt: skip
    with provider.get_tracer("t").start_as_current_span(
        "GET ada@mail.example", trace.set_span_in_context(trace.NonRecordingSpan(caller)), attributes=told,
        links=[trace.Link(caller, {"note": "ada@mail.example"})],
    ) as current:  # fmt: skip
        current.add_event(
            "to ada@mail.example", {"exception.message": "card 4111 1111 1111 1111", "exception.type": "ValueError"}
        )
        current.set_status(trace.StatusCode.ERROR, "no ada@mail.example")
    (left,) = exporter.get_finished_spans()
    assert left.name == "GET [email]"
    assert left.attributes == {
        "url.path": "[redacted]", "url.query": "[redacted]", "server.address": "[redacted]", "count": 3,
        "http.route": "/thread/{id}", "note": "to [email]", "notes": ("to [email]", "to nobody"),
        "client.address": "[ip]",
    }  # fmt: skip
    (event,), (link,) = left.events, left.links
    assert (event.name, event.attributes) == (
        "to [email]", {"exception.message": "[redacted]", "exception.type": "ValueError"},
    )  # fmt: skip
    assert link.attributes == {"note": "[email]"}
    assert (left.status.status_code, left.status.description) == (trace.StatusCode.ERROR, "no [email]")
    assert (left.context.trace_id, left.context.span_id) == (int(TRACE, 16), current.get_span_context().span_id)
    assert (left.parent.span_id, link.context.span_id) == (7, 7)
    assert not any((left.context.trace_state, left.parent.trace_state, link.context.trace_state))


def test_a_metric_is_one_object_by_name_and_of_one_kind():
    metrics = Metrics()
    assert metrics.counter("aiguy_x_total", labels=("a",)) is metrics.counter("aiguy_x_total", labels=("a",))
    with pytest.raises(TypeError):
        metrics.gauge("aiguy_x_total")


def test_two_apps_in_one_process_do_not_share_metrics():
    one, two = Metrics(), Metrics()
    one.tool_calls.labels("t", "ok").inc()
    assert b'tool="t"' in one.render()
    assert b'tool="t"' not in two.render()


def test_a_label_from_outside_cannot_grow_without_bound():
    metrics = Metrics()
    seen = {metrics.label("client", f"c{n}") for n in range(500)}
    assert len(seen) == 51
    assert metrics.label("client", "c1") == "c1"
    assert metrics.label("client", "c499") == "other"
