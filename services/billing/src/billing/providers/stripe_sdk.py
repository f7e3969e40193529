"""The official SDK, held to what we want of it: one client, no retries, no telemetry, no global key, a pinned version.

Nothing else imports `stripe`, and this module is imported where Stripe is configured only: `stripe_factory`.
"""

import logging
from collections.abc import Awaitable, Mapping
from typing import Any

import orjson
import stripe

from billing.providers.stripe_errors import StripeFailure, seconds
from servicekit.http.client import HttpFailure, HttpPort, HttpResponse

#: What the answers look like. It changes with our code, not with the SDK nor with the account's default.
API_VERSION = "2026-10-28.endive"
_MAX_ANSWER_BYTES = 2 * 1024 * 1024
#: What the SDK trips over when an answer is JSON but not what it expects.
_TRIPPED = (AttributeError, KeyError, TypeError, ValueError)


class StripeSdk:
    """The calls that refunds need, each within `timeout_s` seconds. All raise StripeFailure."""

    def __init__(self, key: str, *, base: str, timeout_s: float, http: HttpPort) -> None:
        # The SDK knows these two as globals only; they hold no secret.
        stripe.enable_telemetry = False
        logging.getLogger("stripe").setLevel(logging.WARNING)
        self._http = http
        self._client = stripe.StripeClient(
            key,
            stripe_version=API_VERSION,
            base_addresses={"api": base, "connect": base, "files": base, "meter_events": base},
            max_network_retries=0,
            http_client=_Transport(http, timeout_s),
        )

    async def create_refund(self, fields: Mapping[str, Any], idempotency_key: str) -> Mapping[str, Any]:
        """`POST /v1/refunds`: the refund object."""
        return await _data(
            self._client.v1.refunds.create_async({**fields}, {"idempotency_key": idempotency_key})  # type: ignore[arg-type]
        )

    async def list_refunds(self, query: Mapping[str, Any]) -> Mapping[str, Any]:
        """`GET /v1/refunds`: one page, newest first."""
        return await _data(self._client.v1.refunds.list_async({**query}))  # type: ignore[arg-type]

    async def close(self) -> None:
        """Lets go of connections."""
        await self._http.close()


class _Transport(stripe.HTTPClient):
    """The SDK's way out, over our own client: one deadline for the whole call, a bounded answer, no proxies."""

    name = "aiguy"

    def __init__(self, http: HttpPort, timeout_s: float) -> None:
        super().__init__()
        self._http, self._timeout_s = http, timeout_s

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request. Raises APIConnectionError, whose code is "unsent" when Stripe cannot have seen it."""
        try:
            answer = await self._http.request(
                method.upper(), url, headers=headers, body=post_data.encode() if post_data else None,
                timeout_s=self._timeout_s, max_bytes=_MAX_ANSWER_BYTES,
            )  # fmt: skip
        except HttpFailure as failure:
            lost = failure.kind
        else:
            return _error_in_shape(answer), answer.status, answer.headers
        raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
            "no answer", code="unsent" if lost in ("no_place", "connect") else "lost"
        )


def signature_fits(payload: bytes, header: str, secret: str) -> bool:
    """Whether the Stripe-Signature header was made of this body with this secret. Its age is not looked at."""
    try:
        stripe.WebhookSignature.verify_header(payload, header, secret, tolerance=None)
    except (stripe.SignatureVerificationError, *_TRIPPED):
        return False
    return True


async def _data(call: Awaitable[Any]) -> Mapping[str, Any]:
    """The JSON of the answer. The failure is raised outside of the handler: it must not carry Stripe's words along."""
    try:
        data = (await call).last_response.data
    except stripe.StripeError as error:
        failure = _read(error)
    except _TRIPPED:
        failure = StripeFailure(200)
    else:
        if isinstance(data, dict):
            return data
        failure = StripeFailure(200)
    raise failure


def _read(error: stripe.StripeError) -> StripeFailure:
    details = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    told = {name: value for name, value in (details or {}).items() if isinstance(value, str)}
    return StripeFailure(
        status=error.http_status or 0,
        code=told.get("code", ""),
        type=told.get("type", ""),
        param=told.get("param", ""),
        shaped="type" in told,
        sent=not (isinstance(error, stripe.APIConnectionError) and error.code == "unsent"),
        retry_after_s=seconds((error.headers or {}).get("retry-after")),
    )


def _error_in_shape(answer: HttpResponse) -> bytes:
    """The body; that of an error that Stripe did not write becomes an empty one: the SDK cannot read any other."""
    if 200 <= answer.status < 300:
        return answer.body
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        body = None
    shaped = isinstance(body, dict) and isinstance(body.get("error"), dict)
    return answer.body if shaped else b'{"error": {}}'
