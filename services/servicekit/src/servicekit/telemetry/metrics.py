"""Prometheus metrics of one app: a registry of its own, so that several apps can live in one process."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
OTHER = "other"


class Metrics:
    """The metrics of one app. `counter`, `gauge` and `histogram` return the same object for the same name.

    Names begin with `aiguy_`. Labels are closed sets; `label` bounds those that come from outside.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[str, Counter | Gauge | Histogram] = {}
        self._labels: dict[str, set[str]] = {}
        self.http_requests = self.counter(
            "aiguy_http_requests_total", "Requests by route, method and status.", ("route", "method", "status")
        )
        self.http_seconds = self.histogram(
            "aiguy_http_request_seconds", "Time to the last byte of the answer.", ("route",)
        )
        self.http_forbidden = self.counter(
            "aiguy_http_forbidden_total", "Requests that were refused with 403, by whose they were.", ("role", "actor")
        )
        self.tool_calls = self.counter("aiguy_tool_calls_total", "Tool calls by outcome.", ("tool", "outcome"))
        self.tool_seconds = self.histogram("aiguy_tool_call_seconds", "Time of a tool call.", ("tool",))

    def counter(self, name: str, description: str = "", labels: Sequence[str] = ()) -> Counter:
        """The counter `name`; made on first use."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = Counter(name, description or name, labels, registry=self.registry)
        if not isinstance(known, Counter):
            raise TypeError(f"{name} is not a counter")
        return known

    def gauge(self, name: str, description: str = "", labels: Sequence[str] = ()) -> Gauge:
        """The gauge `name`; made on first use."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = Gauge(name, description or name, labels, registry=self.registry)
        if not isinstance(known, Gauge):
            raise TypeError(f"{name} is not a gauge")
        return known

    def histogram(
        self, name: str, description: str = "", labels: Sequence[str] = (), buckets: Sequence[float] = BUCKETS
    ) -> Histogram:
        """The histogram `name`, in seconds unless the name says otherwise; made on first use."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = Histogram(
                name, description or name, labels, registry=self.registry, buckets=buckets
            )
        if not isinstance(known, Histogram):
            raise TypeError(f"{name} is not a histogram")
        return known

    def label(self, name: str, value: str, *, limit: int = 50) -> str:
        """`value`, or "other" once `limit` different values of the label `name` were seen: a client cannot grow us."""
        seen = self._labels.setdefault(name, set())
        if value in seen:
            return value
        if len(seen) >= limit:
            return OTHER
        seen.add(value)
        return value

    def render(self) -> bytes:
        """All metrics in the text format."""
        return generate_latest(self.registry)
