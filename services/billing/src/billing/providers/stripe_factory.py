"""Stripe from settings. The SDK is imported in here and nowhere else: an installation without Stripe pays nothing."""

import re
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import SecretStr

from billing.providers.port import RefundProvider
from billing.providers.stripe_refunds import StripeRefunds
from billing.webhooks.stripe_router import Settle, stripe_router
from servicekit.http.client import HttpPort
from servicekit.http.httpx_client import HttpxClient
from servicekit.logging import get_logger

API_BASE = "https://api.stripe.com"
_KEY = re.compile(r"(rk|sk)_(live|test)_[A-Za-z0-9_]{5,250}")
_MIN_SECRET = 16


def stripe_from(
    key: SecretStr, *, api_base: str = API_BASE, timeout_s: float = 4.0, http: HttpPort | None = None
) -> RefundProvider:
    """The provider; `timeout_s` is for each of the two calls of a refund. `http` becomes its own, and is closed by it.

    Raises ValueError when `key` is no key of a server's, or would leave for another place than Stripe while it is live.
    """
    secret = key.get_secret_value().strip()
    found = _KEY.fullmatch(secret)
    base = api_base.rstrip("/")
    if found is None:
        raise ValueError("the key for Stripe must be a restricted key (rk_…) or a secret key (sk_…)")
    if found[2] == "live" and base != API_BASE:
        raise ValueError("a live key is only sent to Stripe itself")
    if urlsplit(base).scheme not in {"http", "https"} or not urlsplit(base).hostname:
        raise ValueError("the address of Stripe's API must be a URL")
    if secret.startswith("sk_live_"):
        get_logger().warning(
            "a secret key of Stripe is in use, which may do anything: make a restricted one that may write refunds"
        )
    # 0.4 s and 12 MB that only its users should pay
    from billing.providers.stripe_sdk import StripeSdk  # noqa: PLC0415

    return StripeRefunds(StripeSdk(secret, base=base, timeout_s=timeout_s, http=http or HttpxClient(limit=20)))


def stripe_webhooks_from(secret: SecretStr, settle: Settle) -> APIRouter:
    """`POST /webhooks/stripe` for an endpoint with this signing secret (`whsec_…`). Raises ValueError without one."""
    found = secret.get_secret_value().strip()
    if len(found) < _MIN_SECRET:
        raise ValueError("the signing secret of the Stripe webhook is missing")
    from billing.providers.stripe_sdk import signature_fits  # noqa: PLC0415 - see above

    return stripe_router(settle, found, signature_fits)
