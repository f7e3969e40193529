"""Calls of somebody else's API: one failure for all that can go wrong, and never a word of theirs to a customer.

unauthorised  401, 403   our key is wrong or too narrow: for our operators, nothing that a customer could mend
not_found     404, 410
conflict      409, 412
rejected      any other 4xx
rate_limited  429        with Retry-After, when they say it
unavailable   5xx, no connection, connection lost
timeout                  it may have been carried out
garbage                  an answer that cannot be read, or is too long
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

import orjson

from contracts.errors import ProblemCode
from servicekit.errors import ProblemError
from servicekit.http.client import HttpFailure, HttpPort, HttpResponse
from servicekit.logging import get_logger

RemoteKind = Literal[
    "unauthorised", "not_found", "conflict", "rejected", "rate_limited", "unavailable", "timeout", "garbage"
]
_BY_STATUS: dict[int, RemoteKind] = {
    401: "unauthorised", 403: "unauthorised", 404: "not_found", 410: "not_found", 409: "conflict", 412: "conflict",
    429: "rate_limited",
}  # fmt: skip
_PROBLEMS: dict[RemoteKind, ProblemCode] = {
    "unauthorised": ProblemCode.DEPENDENCY_DOWN, "not_found": ProblemCode.NOT_FOUND, "conflict": ProblemCode.CONFLICT,
    "rejected": ProblemCode.INVALID_REQUEST, "rate_limited": ProblemCode.RATE_LIMITED,
    "unavailable": ProblemCode.DEPENDENCY_DOWN, "timeout": ProblemCode.DEADLINE_EXCEEDED,
    "garbage": ProblemCode.DEPENDENCY_DOWN,
}  # fmt: skip
_MOST_RETRY_AFTER_S = 3600.0


class RemoteFailure(Exception):
    """A call of `system` gave nothing usable. The text is ours. `code` is their own short code, for our logs only."""

    def __init__(
        self, system: str, kind: RemoteKind, *, status: int = 0, retry_after_s: float | None = None, code: str = ""
    ) -> None:
        super().__init__(f"{system}: {kind}")
        self.system, self.kind, self.status = system, kind, status
        self.retry_after_s, self.code = retry_after_s, code

    def as_problem(self) -> ProblemError:
        """What our own caller is told: our words, and the class that decides whether it is tried again."""
        return ProblemError(
            _PROBLEMS[self.kind], "The system behind this service did not do it.", retry_after_s=self.retry_after_s
        )


class Authority(Protocol):
    """Gives the headers that carry our key."""

    async def headers(self, *, renewed: bool) -> Mapping[str, str] | None:
        """The headers. `renewed`: the last ones were refused just now; None when there is nothing to renew."""
        ...


@dataclass(frozen=True, slots=True)
class FixedHeaders:
    """A key that stays as it is."""

    values: Mapping[str, str]

    async def headers(self, *, renewed: bool) -> Mapping[str, str] | None:
        """The same headers, always."""
        return None if renewed else self.values


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """A 2xx answer. `body` is its JSON, None when there is none. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class RemoteApi:
    """A JSON API at `base_url`. It never tries again by itself (our callers do), but for a key that can be renewed."""

    system: str
    base_url: str
    http: HttpPort
    authority: Authority
    timeout_s: float = 4.0

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None,
        headers: Mapping[str, str] | None = None, timeout_s: float | None = None,
    ) -> RemoteAnswer:  # fmt: skip
        """One call; the path begins with a slash. Raises RemoteFailure."""
        url = f"{self.base_url.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        sent = {"accept": "application/json", **(headers or {})}
        content = None
        if body is not None:
            content, sent["content-type"] = orjson.dumps(body), "application/json"
        keys = await self.authority.headers(renewed=False)
        answer = await self._send(method, url, {**sent, **(keys or {})}, content, timeout_s or self.timeout_s)
        if answer.status == 401 and (keys := await self.authority.headers(renewed=True)) is not None:
            answer = await self._send(method, url, {**sent, **keys}, content, timeout_s or self.timeout_s)
        return self._read(answer)

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None, timeout_s: float
    ) -> HttpResponse:
        try:
            return await self.http.request(method, url, headers=headers, body=content, timeout_s=timeout_s)
        except HttpFailure as failure:
            kind: RemoteKind = {"timeout": "timeout", "protocol": "garbage"}.get(failure.kind, "unavailable")  # type: ignore[assignment]
            raise self._failed(kind) from None

    def _read(self, answer: HttpResponse) -> RemoteAnswer:
        if not 200 <= answer.status < 300:
            kind = _BY_STATUS.get(answer.status, "rejected" if 400 <= answer.status < 500 else "unavailable")
            raise self._failed(kind, answer)
        if not answer.body:
            return RemoteAnswer(answer.status, answer.headers, None)
        try:
            return RemoteAnswer(answer.status, answer.headers, orjson.loads(answer.body))
        except orjson.JSONDecodeError:
            raise self._failed("garbage") from None

    def _failed(self, kind: RemoteKind, answer: HttpResponse | None = None) -> RemoteFailure:
        status = answer.status if answer is not None else 0
        if kind == "unauthorised":
            # Nobody but our operators can mend this, and a retry does not.
            get_logger().error("our key was refused", system=self.system, status=status)
        retry_after = answer.headers.get("retry-after") if answer is not None else None
        return RemoteFailure(self.system, kind, status=status, retry_after_s=retry_after_s(retry_after))


def retry_after_s(header: str | None) -> float | None:
    """Seconds, an hour at most, that a header Retry-After asks for as a number or a date; None when it is neither."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(0.0, seconds), _MOST_RETRY_AFTER_S)
