"""The outermost layer of an app, as pure ASGI: request id, trace context, body limit, no parameter twice, access log,
metrics, and the one place where an unexpected exception becomes a 500 problem.
"""

from collections.abc import Mapping
from time import perf_counter
from urllib.parse import parse_qsl

from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from contracts.errors import Problem, ProblemCode, problem
from servicekit.auth.claims import Caller
from servicekit.errors import ProblemError, problem_body, problem_headers
from servicekit.logging import get_logger
from servicekit.telemetry.current import RequestContext, enter, leave, new_context
from servicekit.telemetry.metrics import Metrics
from servicekit.telemetry.tracing import tracing_enabled

#: Asked every few seconds by machines: neither logged nor traced.
QUIET_PATHS = frozenset({"/livez", "/readyz", "/metrics"})
_NO_STORE = (b"cache-control", b"no-store")


class EdgeMiddleware:
    """`max_body_bytes` bounds request bodies; `body_limits` replaces it for paths that begin with a key."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, body_limits: Mapping[str, int]) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._body_limits = tuple(body_limits.items())
        self._log: FilteringBoundLogger | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        context, declared = _read_headers(scope)
        token = enter(context)
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message.get("headers", ())
                message["headers"] = [
                    *given,
                    (b"x-request-id", context.request_id.encode("latin-1")),
                    (b"x-content-type-options", b"nosniff"),
                    # Answers are about somebody: only a route that says otherwise has one that may be kept.
                    *(() if any(name == b"cache-control" for name, _ in given) else (_NO_STORE,)),
                ]
            await send(message)

        try:
            limit = self._limit(scope["path"])
            if declared > limit:
                await _send_problem(sending, too_large(limit).problem)
            elif (twice := _repeated(scope["query_string"])) is not None:
                await _send_problem(sending, given_twice(twice).problem)
            else:
                await self._app(scope, _bounded(receive, limit), sending)
        except Exception as error:
            self._logger().exception("unhandled_error", error=type(error).__name__)
            if status:  # half an answer is out: only a broken connection tells the client
                raise
            await _send_problem(sending, problem(ProblemCode.INTERNAL))
        finally:
            self._account(scope, status, perf_counter() - started)
            leave(token)

    def _limit(self, path: str) -> int:
        for prefix, limit in self._body_limits:
            if path.startswith(prefix):
                return limit
        return self._max_body_bytes

    def _logger(self) -> FilteringBoundLogger:
        # Bound at the first request, when logging is configured: binding for each line costs more than the line.
        if self._log is None:
            self._log = get_logger().bind()
        return self._log

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        kit = getattr(scope["app"].state, "kit", None) if "app" in scope else None
        metrics: Metrics | None = getattr(kit, "metrics", None)
        method = scope["method"] if route != "unmatched" else "ANY"
        if metrics is not None:
            metrics.http_requests.labels(route, method, str(status)).inc()
            metrics.http_seconds.labels(route).observe(seconds)
            if status == 403:
                metrics.http_forbidden.labels(*_whose(scope, metrics)).inc()
        if route not in QUIET_PATHS:
            self._logger().info("request", route=route, method=method, status=status, ms=round(seconds * 1000, 2))


def _whose(scope: Scope, metrics: Metrics) -> tuple[str, str]:
    """The role that the request's token gives, and who acts for it: classes of callers, never one of them."""
    caller = scope.get("state", {}).get("caller")
    if not isinstance(caller, Caller):
        return "unknown", "unknown"
    return caller.role.value, metrics.label("actor", caller.actor or "itself")


def too_large(limit: int) -> ProblemError:
    """The 413 problem."""
    return ProblemError(ProblemCode.PAYLOAD_TOO_LARGE, f"The body may have at most {limit} bytes.")


def given_twice(name: str) -> ProblemError:
    """The 422 problem: of two values, one would be ignored in silence."""
    return ProblemError(ProblemCode.INVALID_REQUEST, f"{name[:64]!r} may be given once in the address.")


def _repeated(query: bytes) -> str | None:
    """The first parameter that the query gives again; no route of ours takes one more than once."""
    if b"&" not in query:
        return None
    seen = set[str]()
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name in seen:
            return name
        seen.add(name)
    return None


def _read_headers(scope: Scope) -> tuple[RequestContext, int]:
    """The request's context, and the declared length of its body."""
    request_id = traceparent = None
    declared = 0
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            request_id = value.decode("latin-1")
        elif name == b"traceparent":
            traceparent = value.decode("latin-1")
        elif name == b"content-length" and value.isdigit():
            declared = int(value[:18])
    context = new_context(request_id, traceparent)
    if tracing_enabled():
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            context = RequestContext(
                context.request_id, f"{span.trace_id:032x}", f"{span.span_id:016x}", f"{span.trace_flags:02x}"
            )
    return context, declared


def _bounded(receive: Receive, limit: int) -> Receive:
    """`receive` that raises the 413 problem where a body without a declared length grows over `limit`."""
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise too_large(limit)
        return message

    return receiving


async def _send_problem(send: Send, found: Problem) -> None:
    body = problem_body(found)
    headers = {**problem_headers(found), "content-length": str(len(body))}
    await send({
        "type": "http.response.start", "status": found.status,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    })  # fmt: skip
    await send({"type": "http.response.body", "body": body})
