"""What billing must be told where real customers are."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from billing.settings import Settings

DATABASE = "postgresql://billing:x@127.0.0.1:5432/billing"
LIVE: dict[str, Any] = {
    "environment": "production", "database_url": DATABASE, "public_url": "https://billing.shop.example",
    "link_secret": "s" * 32, "receipt_keys": Path("receipts.json"),
}  # fmt: skip
STRIPE = {"refund_provider": "stripe", "stripe_key": "rk_live_abcdefgh", "stripe_webhook_secret": "whsec_" + "x" * 20}


def test_by_default_our_own_ledger_is_the_provider() -> None:
    settings = Settings(database_url=DATABASE)
    assert settings.refund_provider == "ledger"
    assert settings.refund_auto_up_to_minor is None


def test_a_shop_with_stripe_can_go_live() -> None:
    assert Settings(**LIVE, **STRIPE).refund_provider == "stripe"


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        ({"receipt_keys": None}, "receipt_keys is needed"),
        ({"public_url": ""}, "public_url are needed"),
        ({"link_secret": ""}, "link_secret and"),
        ({"link_secret": "short"}, "at least 32"),
        ({"stripe_key": ""}, "stripe_key is needed"),
        ({"stripe_webhook_secret": ""}, "stripe_webhook_secret is needed"),
        ({"refund_provider": "paypal"}, "'ledger' or 'stripe'"),
        ({"refund_auto_up_to_minor": -2}, "greater than or equal to -1"),
    ],
)
def test_what_is_missing_is_said_at_the_start(missing: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Settings(**{**LIVE, **STRIPE, **missing})


def test_secrets_may_come_from_files_and_are_never_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # fmt: skip
    (tmp_path / "key").write_text("rk_live_abcdefgh\n", encoding="utf-8")
    monkeypatch.setenv("AIGUY_STRIPE_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("AIGUY_STRIPE_WEBHOOK_SECRET", STRIPE["stripe_webhook_secret"])
    settings = Settings(**LIVE, refund_provider="stripe")
    assert settings.stripe_key.get_secret_value() == "rk_live_abcdefgh"
    for shown in (repr(settings), str(settings.model_dump())):
        assert "rk_live" not in shown
        assert "whsec" not in shown
