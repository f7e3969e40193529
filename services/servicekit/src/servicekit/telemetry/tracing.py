"""Traces. Nothing is exported, and next to nothing is spent, unless the standard OTEL_* variables name a collector.

FastAPI makes the server span itself (see `app.py`); what is here is the provider, our own spans, and propagation.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from contracts.headers import REQUEST_ID
from servicekit.redaction import Redactor
from servicekit.settings import ServiceSettings
from servicekit.telemetry.current import request_context
from servicekit.telemetry.private_export import PrivateExporter

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def configure_tracing(settings: ServiceSettings, *, processor: SpanProcessor | None = None) -> TracerProvider | None:
    """Installs a tracer provider when a collector is named by the environment (or `processor` is given); else None."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if processor is None:
        exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").lower()
        if disabled or exporter == "none" or not any(os.environ.get(name) for name in _ENDPOINTS):
            return None
        processor = BatchSpanProcessor(PrivateExporter(OTLPSpanExporter(), Redactor.load()))
    provider = TracerProvider(
        resource=Resource.create({"service.name": settings.service, "deployment.environment": settings.environment})
    )
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    return provider


def tracing_enabled() -> bool:
    """Whether a span would go anywhere."""
    return isinstance(trace.get_tracer_provider(), TracerProvider)


def tracer() -> Tracer:
    """The tracer of our own spans."""
    return trace.get_tracer("aiguy")


@contextmanager
def span(
    name: str, attributes: dict[str, AttributeValue] | None = None, kind: SpanKind = SpanKind.INTERNAL
) -> Iterator[Span]:
    """A child span of the current one; a no-op object when tracing is off. Exceptions mark it as failed by class."""
    if not tracing_enabled():
        yield trace.INVALID_SPAN
        return
    manager = tracer().start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    )
    with manager as current:
        try:
            yield current
        except BaseException as failure:
            current.set_status(Status(StatusCode.ERROR))
            current.set_attribute("error.type", type(failure).__name__)
            raise


@contextmanager
def remote_call(method: str, url: str) -> Iterator[Callable[[int], None]]:
    """A span around a call of somebody else's server, named after the host that our settings name; give its status to
    what it yields."""
    if not tracing_enabled():
        yield lambda _: None
        return
    host = urlsplit(url).hostname or ""
    told: dict[str, AttributeValue] = {"http.request.method": method, "aiguy.host": host}
    with span(f"{method} {host}", told, SpanKind.CLIENT) as current:
        yield lambda status: current.set_attribute("http.response.status_code", status)


def inject_headers(headers: dict[str, str] | None = None) -> dict[str, str]:
    """`headers` (changed in place, or a new dict) with `traceparent` and `x-request-id` of the current request."""
    headers = {} if headers is None else headers
    context = request_context()
    if context is not None:
        headers.setdefault(REQUEST_ID, context.request_id)
    if tracing_enabled():
        propagate.inject(headers)
    elif context is not None:
        headers.setdefault("traceparent", context.traceparent)
    return headers
