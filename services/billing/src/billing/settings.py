"""What the billing service is told from outside, beyond what every service is told."""

import secrets
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from servicekit.settings import ServiceSettings

_MIN_SECRET = 32


class Settings(ServiceSettings):
    """Environment `AIGUY_*`. Where real customers are, `link_secret` and `public_url` must be given."""

    service: str = "billing"
    port: int = 8082
    #: Where browsers reach this service; links to invoices begin with it. By default host and port.
    public_url: str = ""
    #: Signs the links to invoices, at least 32 characters, the same in all replicas. By default a new one per process.
    link_secret: SecretStr = Field(default=SecretStr(""))
    #: The letterhead. Lines of the address are parted by commas.
    shop_name: str = "Hearth & Pine"
    shop_address: str = "14 Mill Lane, Burlington, Vermont 05401, USA"
    shop_email: str = "billing@shop.example"

    #: Ed25519 keys that sign receipts: a file of `KeySet.save`. By default new ones per process.
    receipt_keys: Path | None = None
    #: Replaces `policy/refunds.yaml`.
    refund_policy_file: Path | None = None
    #: Up to how much nobody of staff is asked, instead of the policy's first tier; -1: staff are always asked.
    refund_auto_up_to_minor: int | None = Field(default=None, ge=-1)
    #: How long a confirmed refund waits for staff: longer than the orchestrator waits, which ends it by itself.
    refund_expires_s: int = Field(default=26 * 3600, gt=0)
    #: How long a refund may be under way before the reconciler asks the provider, and how often it looks; 0: never.
    refund_patience_s: float = Field(default=5, ge=0)
    refund_reconcile_every_s: float = Field(default=2, ge=0)
    #: Who holds the money of charges that do not say so themselves: our own ledger moves none.
    refund_provider: Literal["ledger", "stripe"] = "ledger"
    #: Set for charges that Stripe holds. `stripe_webhook_secret` opens `POST /webhooks/stripe`.
    stripe_key: SecretStr = Field(default=SecretStr(""))
    stripe_webhook_secret: SecretStr = Field(default=SecretStr(""))
    stripe_api_base: str = "https://api.stripe.com"
    #: For each of the two calls of a refund; both must fit into the 10 s that the tool has.
    stripe_timeout_s: float = Field(default=4, gt=0, le=5)

    @model_validator(mode="after")
    def _links_can_be_made(self) -> Self:
        if self.environment in {"staging", "production"} and not (
            self.link_secret.get_secret_value() and self.public_url
        ):
            raise ValueError("link_secret and public_url are needed outside of local and test")
        if not self.public_url:
            self.public_url = f"http://{self.host}:{self.port}"
        if not self.link_secret.get_secret_value():
            self.link_secret = SecretStr(secrets.token_urlsafe(_MIN_SECRET))
        if len(self.link_secret.get_secret_value()) < _MIN_SECRET:
            raise ValueError(f"link_secret needs at least {_MIN_SECRET} characters")
        return self

    @model_validator(mode="after")
    def _receipts_can_be_checked(self) -> Self:
        if self.environment in {"staging", "production"} and self.receipt_keys is None:
            raise ValueError("receipt_keys is needed outside of local and test")
        return self

    @model_validator(mode="after")
    def _stripe_can_be_reached(self) -> Self:
        has_key, has_secret = (bool(one.get_secret_value()) for one in (self.stripe_key, self.stripe_webhook_secret))
        if self.refund_provider == "stripe" and not has_key:
            raise ValueError("stripe_key is needed when Stripe makes the refunds")
        if self.environment in {"staging", "production"} and has_key and not has_secret:
            raise ValueError("stripe_webhook_secret is needed outside of local and test: some refunds fail days later")
        return self
