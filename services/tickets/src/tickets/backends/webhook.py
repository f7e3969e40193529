"""Notices to a site by webhook. The status alone decides whether it is tried again; the rest of an answer is not read.

2xx             it has it          408, 409, 425, 429, 5xx, no answer   again; Retry-After is kept
401, 403, 404   again, and an error of ours: its secret, its clock or its plugin may be mended yet
other 4xx       never              3xx   again: redirects are not followed, and our operators can mend the address
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from servicekit.clock import Clock
from servicekit.http.client import HttpFailure, HttpPort
from servicekit.http.remote import retry_after_s
from servicekit.logging import get_logger
from tickets.backends.webhook_signing import SigningSecret
from tickets.outbox.message import Delivered, Kind, OutboxMessage, Outcome, Refused, TryAgain

_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY})
_REFUSES_US = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_WITHOUT_A_TIME_S = 30.0
_REASONS = {"timeout": "timeout", "protocol": "garbage"}


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A `Delivery`: the stored body as it is, signed anew at each attempt under the message's own id."""

    kind: ClassVar[Kind] = Kind.WEBHOOK
    url: str
    secret: SigningSecret
    http: HttpPort
    clock: Clock
    timeout_s: float = 10.0

    async def deliver(self, message: OutboxMessage) -> Outcome:
        """One attempt."""
        at, body = int(self.clock.now().timestamp()), message.body.encode()
        headers = {
            "content-type": "application/json", "user-agent": "aiguy-tickets", "webhook-id": message.id,
            "webhook-timestamp": str(at), "webhook-signature": self.secret.sign(message.id, at, body),
        }  # fmt: skip
        try:
            async with self.http.stream(
                "POST", self.url, headers=headers, body=body, timeout_s=self.timeout_s
            ) as answer:
                return _outcome(answer.status, answer.headers)
        except HttpFailure as failure:
            return TryAgain(_REASONS.get(failure.kind, "unavailable"))


def _outcome(status: int, headers: Mapping[str, str]) -> Outcome:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Delivered()
    pause_s = retry_after_s(headers.get("retry-after"))
    if status in _REFUSES_US:
        get_logger().error("webhook_refuses_us", status=status)
        return TryAgain("refuses_us", pause_s=pause_s)
    get_logger().warning("webhook_not_taken", status=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TryAgain("rate_limited", pause_s=_WITHOUT_A_TIME_S if pause_s is None else pause_s)
    if status in _LATER:
        return TryAgain("rejected", pause_s=pause_s)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TryAgain("unavailable", pause_s=pause_s)
    if status < HTTPStatus.BAD_REQUEST:
        return TryAgain("redirected")
    return Refused("gone" if status == HTTPStatus.GONE else "refused")
