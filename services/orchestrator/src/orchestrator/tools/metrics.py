"""What is counted about tool calls. The label `tool` is a name of the catalogue, or "unknown"."""

from servicekit.telemetry import Metrics

UNKNOWN = "unknown"


class ToolMetrics:
    """The counters of the catalogue and the gateway."""

    def __init__(self, metrics: Metrics) -> None:
        self.calls = metrics.counter("aiguy_tool_calls_total", "Tool calls by outcome.", ("tool", "outcome"))
        self.seconds = metrics.histogram("aiguy_tool_call_seconds", "Time of a tool call.", ("tool",))
        self.attempts = metrics.counter("aiguy_tool_attempts_total", "Requests sent to tools.", ("tool", "result"))
        self.retries_refused = metrics.counter(
            "aiguy_tool_retries_refused_total", "Retries that the budget did not allow.", ("tool",)
        )
        self.garbage = metrics.counter(
            "aiguy_tool_garbage_total", "Answers that break the tool's own schema.", ("tool",)
        )
        self.screened = metrics.counter(
            "aiguy_tool_screened_total", "Calls that were not sent for what their arguments hold.", ("tool", "reason")
        )
        self.slow = metrics.counter(
            "aiguy_tool_slow_total", "Answers later than twice the usual p95 of the tool.", ("tool",)
        )
        self.breaker_open = metrics.gauge("aiguy_tool_breaker_open", "1 while the breaker is not closed.", ("tool",))
        self.cache = metrics.counter("aiguy_tool_cache_total", "Cache look-ups by result.", ("tool", "result"))
        self.cache_failures = metrics.counter(
            "aiguy_tool_cache_failures_total", "Cache operations that failed; the call went on without.", ("operation",)
        )
        self.manifests = metrics.counter(
            "aiguy_tool_manifest_reads_total", "Manifest reads by result.", ("family", "result")
        )
        self.incompatible = metrics.gauge(
            "aiguy_tool_incompatible", "Tools of a family that are served but not offered.", ("family",)
        )
