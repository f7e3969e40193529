"""Stripe from settings: which keys are taken, and what an installation without Stripe pays."""

import subprocess
import sys

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from billing.providers.stripe_factory import stripe_from, stripe_webhooks_from
from servicekit.http.client import HttpResponse
from servicekit.testing.http import FakeHttp, Sent


async def _never(_: Sent) -> HttpResponse:
    raise AssertionError("nothing is asked while it is made")


@pytest.mark.parametrize(
    "key", ["", "pk_live_abcdefgh", "rk_live", "sk_prod_abcdefgh", "rk_live_abc\nx: y", "whsec_abcdefgh"]
)
def test_what_is_no_key_of_a_server_is_refused_without_being_quoted(key: str) -> None:
    with pytest.raises(ValueError, match="key for Stripe") as refused:
        stripe_from(SecretStr(key))
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "https://api.stripe.com.example", "http://api.stripe.com"])
def test_a_live_key_goes_to_nobody_but_stripe(base: str) -> None:
    with pytest.raises(ValueError, match="only sent to Stripe"):
        stripe_from(SecretStr("rk_live_abcdefgh"), api_base=base)


@pytest.mark.parametrize("base", ["", "api.stripe.com", "file:///etc/passwd", "https://"])
def test_an_address_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="must be a URL"):
        stripe_from(SecretStr("rk_test_abcdefgh"), api_base=base)


@pytest.mark.parametrize(
    ("key", "warnings"), [("sk_live_abcdefgh", 1), ("rk_live_abcdefgh", 0), ("sk_test_abcdefgh", 0)]
)
def test_a_key_that_may_do_anything_is_warned_about_once_and_not_shown(key: str, warnings: int) -> None:
    with capture_logs() as logs:
        assert stripe_from(SecretStr(f" {key}\n")).name == "stripe"
    assert len(logs) == warnings
    assert key not in str(logs)


async def test_closing_the_provider_closes_its_connections() -> None:
    http = FakeHttp(_never)
    await stripe_from(SecretStr("rk_test_abcdefgh"), http=http).close()
    assert http.closed


def test_webhooks_need_a_secret() -> None:
    with pytest.raises(ValueError, match="signing secret"):
        stripe_webhooks_from(SecretStr(" "), lambda *_: None)  # type: ignore[arg-type, return-value]


def test_an_installation_without_stripe_does_not_load_it() -> None:
    loaded = (
        "import sys, billing.app, billing.providers.stripe_factory, billing.webhooks.stripe_router; "
        "sys.exit(any(name == 'stripe' or name.startswith('stripe.') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", loaded], check=False, timeout=60).returncode == 0


def test_no_global_of_the_sdk_holds_the_key() -> None:
    used = (
        "from pydantic import SecretStr; from billing.providers.stripe_factory import stripe_from; "
        "stripe_from(SecretStr('rk_test_abcdefgh')); import stripe; "
        "assert stripe.api_key is None and stripe.enable_telemetry is False"
    )
    assert subprocess.run([sys.executable, "-c", used], check=False, timeout=60).returncode == 0
