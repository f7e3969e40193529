"""Traces, metrics and the ids that tie a request's records together."""

from servicekit.telemetry.current import RequestContext, new_context, request_context, trace_id, working_for
from servicekit.telemetry.metrics import Metrics
from servicekit.telemetry.tracing import configure_tracing, inject_headers, span, tracer, tracing_enabled

__all__ = [
    "Metrics",
    "RequestContext",
    "configure_tracing",
    "inject_headers",
    "new_context",
    "request_context",
    "span",
    "trace_id",
    "tracer",
    "tracing_enabled",
    "working_for",
]
