"""JSON answers, and the digest of a JSON value."""

import hashlib
from typing import Any

import orjson
from starlette.responses import Response


def json_response(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """`content` (dicts, lists, text, numbers, datetimes) as an answer."""
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def canonical_json(content: Any) -> bytes:
    """One spelling of `content`, for our own hashes: sorted keys, no spaces, UTF-8. Digests that others compute too are
    taken of `contracts.schema.canonical_json`.
    """
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def digest_of(content: Any) -> str:
    """sha256 over `canonical_json`, as 64 hex digits."""
    return hashlib.sha256(canonical_json(content)).hexdigest()
