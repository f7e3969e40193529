"""Which request this task works for: its id and its place in the trace. Set once, at the edge."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_NO_TRACE = "0" * 32
_NO_SPAN = "0" * 16


@dataclass(frozen=True, slots=True)
class RequestContext:
    """`trace_id` has 32 and `span_id` 16 hex digits, as in W3C trace context."""

    request_id: str
    trace_id: str
    span_id: str
    flags: str = "00"

    @property
    def traceparent(self) -> str:
        """The header that makes a callee's spans children of this request."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


_current: ContextVar[RequestContext | None] = ContextVar("aiguy_request", default=None)


def request_context() -> RequestContext | None:
    """The request that this task works for; None outside of any."""
    return _current.get()


def new_context(request_id: str | None = None, traceparent: str | None = None) -> RequestContext:
    """A context that goes on with the caller's ids where they are well-formed, else with fresh ones."""
    trace_id, flags = secrets.token_hex(16), "00"
    if traceparent and (match := _TRACEPARENT.match(traceparent)) and match[1] != _NO_TRACE and match[2] != _NO_SPAN:
        trace_id, flags = match[1], match[3]
    if not (request_id and _REQUEST_ID.match(request_id)):
        request_id = f"req_{secrets.token_hex(12)}"
    return RequestContext(request_id, trace_id, secrets.token_hex(8), flags)


def enter(context: RequestContext) -> Token[RequestContext | None]:
    """Makes `context` current; give the result to `leave`."""
    return _current.set(context)


def leave(token: Token[RequestContext | None]) -> None:
    """Ends what `enter` began."""
    _current.reset(token)


@contextmanager
def working_for(request_id: str, traceparent: str) -> Iterator[None]:
    """What runs in the block belongs to a request that came earlier, perhaps to another process: its log lines and its
    calls carry the request's ids."""
    token = enter(new_context(request_id, traceparent))
    try:
        yield
    finally:
        leave(token)


def trace_id() -> str:
    """The current trace id, or "" outside of any request."""
    context = _current.get()
    return context.trace_id if context else ""
