"""One call, carried to the tool's own route inside the process: what a caller may, must send and is answered is decided
there alone.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from mcp_types import CallToolResult, TextContent
from starlette.types import ASGIApp, Message, Receive, Scope

from contracts import headers

#: Where MCP has no header for a single call, its `_meta` has a place.
META_HEADERS = {
    "aiguy/idempotency-key": headers.IDEMPOTENCY_KEY, "aiguy/grant": headers.GRANT,
    "aiguy/deadline-ms": headers.DEADLINE_MS, "aiguy/contract": headers.CONTRACT,
}  # fmt: skip
_KEPT = frozenset(
    name.encode() for name in (headers.AUTHORIZATION, headers.REQUEST_ID, headers.CLIENT, "traceparent", "host")
)


async def call_route(
    app: ASGIApp, outer: Scope, path: str, arguments: Mapping[str, Any], meta: Mapping[str, Any]
) -> CallToolResult:
    """The answer of `POST path` to the caller of the `outer` request. A problem is a result with `is_error`."""
    body = orjson.dumps(arguments)
    given = {header: str(meta[name]) for name, header in META_HEADERS.items() if name in meta}
    scope: Scope = {
        **outer, "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "path_params": {},
        "headers": [
            *((name, value) for name, value in outer["headers"] if name in _KEPT),
            *((name.encode(), value.encode()) for name, value in given.items()),
            (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        ],
    }  # fmt: skip
    parts, status = list[bytes](), 0

    async def collect(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, _receiving(body), collect)
    return _result(status, b"".join(parts))


def _receiving(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _result(status: int, body: bytes) -> CallToolResult:
    content = [TextContent(text=body.decode())]
    if status >= 400:
        return CallToolResult(content=list(content), is_error=True)
    return CallToolResult(content=list(content), structured_content=orjson.loads(body))
