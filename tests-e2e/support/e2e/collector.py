"""A collector of traces as services find one: OTLP over HTTP, with all that their exporter sent kept as it came."""

from dataclasses import dataclass, field

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TYPE = "application/x-protobuf"


@dataclass
class Collector:
    """`received`: spans in batches, each of one service."""

    received: list[ResourceSpans] = field(default_factory=list)

    def app(self) -> Starlette:
        """The endpoint `/v1/traces`, in protobuf and not compressed: what the exporter does untold."""
        return Starlette(routes=[Route("/v1/traces", self._take, methods=["POST"])])

    def settings(self, url: str) -> dict[str, str]:
        """What a process is told so that its spans come here, a fifth of a second after they end."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "200"}

    def spans(self, service: str) -> list[Span]:
        """The spans of a service in the order in which they came."""
        batches = [one for one in self.received if service_of(one) == service]
        return [span for batch in batches for scope in batch.scope_spans for span in scope.spans]

    def texts(self) -> list[tuple[str, str]]:
        """Every batch with its service, as one text: resource, names, attributes, events, links, statuses."""
        return [(service_of(one), MessageToJson(one, ensure_ascii=False)) for one in self.received]

    async def _take(self, request: Request) -> Response:
        if request.headers.get("content-type") != _TYPE or "content-encoding" in request.headers:
            return Response(status_code=415)
        self.received += ExportTraceServiceRequest.FromString(await request.body()).resource_spans
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type=_TYPE)


def service_of(batch: ResourceSpans) -> str:
    """Whose spans these are; "" when the batch does not say."""
    return next((one.value.string_value for one in batch.resource.attributes if one.key == "service.name"), "")
