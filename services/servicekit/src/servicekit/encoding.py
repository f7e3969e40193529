"""JSON as we send and hash it. Reading what others send is `servicekit.tool_router.body`'s strict work."""

import hashlib
from typing import Any

import orjson
from starlette.responses import Response


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`content` (dicts, lists, text, numbers, datetimes) as an answer."""
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def canonical_json(content: Any) -> bytes:
    """The one spelling of `content` that digests are taken over: sorted keys, no spaces, UTF-8."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def digest_of(content: Any) -> str:
    """sha256 over the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical_json(content)).hexdigest()
