"""Spans leave without personal data: all text in them goes through what takes it out of log records.

Our own spans carry names and classes only. The server span is the framework's: path, query and host as they came.
"""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, Status
from opentelemetry.util.types import AttributeValue

from servicekit.redaction import REDACTED, Redactor

#: What a caller wrote, as a whole: nobody needs it to follow a trace. The route says which path it was, and the
#: resource which service; names of people are found in no text that is this short.
_HIDDEN = frozenset({"url.path", "url.query", "url.full", "http.target", "http.url", "server.address",
                     "user_agent.original", "exception.message", "exception.stacktrace"})  # fmt: skip
#: Names of ours, in which digits are no phone number.
_KEPT = frozenset({"http.route", "service.name", "gen_ai.conversation.id", "aiguy.turn"})


class PrivateExporter(SpanExporter):
    """Hands spans on to `exporter`, redacted. The spans themselves stay as they are."""

    def __init__(self, exporter: SpanExporter, redactor: Redactor) -> None:
        self._exporter, self._redactor = exporter, redactor

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See `SpanExporter.export`."""
        return self._exporter.export([self._private(one) for one in spans])

    def shutdown(self) -> None:
        """See `SpanExporter.shutdown`."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See `SpanExporter.force_flush`."""
        return self._exporter.force_flush(timeout_millis)

    def _private(self, span: ReadableSpan) -> ReadableSpan:
        text = self._redactor.text
        events = [Event(text(one.name), self._attributes(one.attributes), one.timestamp) for one in span.events]
        links = [Link(_ids(one.context), self._attributes(one.attributes)) for one in span.links]
        return ReadableSpan(
            name=text(span.name), context=_ids(span.context), parent=span.parent and _ids(span.parent),
            resource=span.resource, attributes=self._attributes(span.attributes), events=events, links=links,
            kind=span.kind, status=self._status(span.status), start_time=span.start_time,
            end_time=span.end_time, instrumentation_scope=span.instrumentation_scope,
        )  # fmt: skip

    def _status(self, status: Status) -> Status:
        # What an instrumented library says of an exception holds the exception's text.
        return Status(status.status_code, self._redactor.text(status.description) if status.description else None)

    def _attributes(self, attributes: Mapping[str, AttributeValue] | None) -> dict[str, AttributeValue]:
        return {key: self._value(key, item) for key, item in (attributes or {}).items()}

    def _value(self, key: str, item: AttributeValue) -> AttributeValue:
        if key in _HIDDEN:
            return REDACTED
        if key in _KEPT:
            return item
        if isinstance(item, str):
            return self._redactor.text(item)
        if isinstance(item, Sequence):
            return tuple(self._redactor.text(one) if isinstance(one, str) else one for one in item)
        return item


def _ids(context: SpanContext) -> SpanContext:
    """The ids alone: what else travels with them (`tracestate`) is the caller's."""
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
