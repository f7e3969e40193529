"""What is said about a call in an old shape: to its caller in headers, to operators in a counter."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from contracts import headers
from contracts.tool import Deprecation
from servicekit.telemetry import Metrics

COUNTER = "aiguy_tool_deprecated_arguments_total"


def count_old_shape(metrics: Metrics, tool: str, used: Sequence[Deprecation], client: str) -> None:
    """Counts each deprecated argument of a call by tool, argument and client."""
    for one in used:
        metrics.counter(COUNTER, "Calls in an old shape.", ("tool", "argument", "client")).labels(
            tool, one.argument, metrics.label("client", client)
        ).inc()


def warning_headers(used: Sequence[Deprecation]) -> dict[str, str]:
    """`Deprecation` (RFC 9745) and `Sunset` (RFC 8594) of the first argument to go; none for a new shape."""
    if not used:
        return {}
    since = min(_start(one.since) for one in used)
    last = min(_start(one.remove_after) for one in used)
    return {headers.DEPRECATION: f"@{int(since.timestamp())}", headers.SUNSET: format_datetime(last, usegmt=True)}


def _start(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
