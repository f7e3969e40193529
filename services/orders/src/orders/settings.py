"""What the orders service is told from outside, beside what every service is told: where the orders are."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from contracts.tools.orders import OrderStatus
from servicekit.settings import ServiceSettings

_NEEDED = {
    "postgres": (),
    "woocommerce": ("woocommerce_url", "woocommerce_key", "woocommerce_secret"),
    "shopify": ("shopify_url", "shopify_client_id", "shopify_client_secret"),
}
#: Keys go over the line with each request.
_HTTPS_ONLY = ("woocommerce_url", "shopify_url")
_URL = r"^https?://[^/?#@\s]+(/[^?#@\s]*)?$"
#: Never empty: a bare number could be anybody's subject who is known to another issuer.
_CUSTOMER_PREFIX = r"^[A-Za-z][^\s]{0,99}$"


class Settings(ServiceSettings):
    """Environment `AIGUY_*`; see `ServiceSettings` for the names. Secrets may come from files: `AIGUY_X_FILE`."""

    service: str = "orders"
    port: int = 8081

    orders_backend: Literal["postgres", "woocommerce", "shopify"] = "postgres"

    #: The shop's address, without `/wp-json`.
    woocommerce_url: str | None = Field(default=None, pattern=_URL)
    #: Consumer key and secret; or a WordPress user and their application password.
    woocommerce_key: str | None = None
    woocommerce_secret: SecretStr | None = None
    #: Unset: the webhook is not served.
    woocommerce_webhook_secret: SecretStr | None = None
    #: A token's subject is this and the number of the WordPress user: whoever may issue such tokens says whose orders
    #: are seen.
    woocommerce_customer_prefix: str = Field(default="wp_", pattern=_CUSTOMER_PREFIX)
    #: What statuses of plugins mean, as JSON: `{"awaiting-pickup": "processing"}`.
    woocommerce_statuses: dict[str, OrderStatus] = {}

    #: `https://{shop}.myshopify.com`.
    shopify_url: str | None = Field(default=None, pattern=_URL)
    shopify_client_id: str | None = None
    shopify_client_secret: SecretStr | None = None
    #: Pinned: Shopify supports a version for a year, and its answers change between versions.
    shopify_api_version: str = Field(default="2026-07", pattern=r"^20[0-9]{2}-(01|04|07|10)$")
    #: A token's subject is this and the number at the end of the customer's gid.
    shopify_customer_prefix: str = Field(default="shopify_", pattern=_CUSTOMER_PREFIX)
    #: What the shop puts before order numbers.
    shopify_order_prefix: str = Field(default="#", pattern=r'^[^"\\\s]{0,20}$')

    #: Of one call to the shop. The contract's own time-out bounds all calls of a request together.
    shop_timeout_s: float = Field(default=1.8, gt=0, le=30)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in _NEEDED[self.orders_backend] if not getattr(self, name)]
        if missing:
            names = ", ".join(f"AIGUY_{name.upper()}" for name in missing)
            raise ValueError(f"AIGUY_ORDERS_BACKEND={self.orders_backend} needs {names}")
        for name in _HTTPS_ONLY:
            url: str | None = getattr(self, name)
            if url and not url.startswith("https://") and self.environment not in ("local", "test"):
                raise ValueError(f"AIGUY_{name.upper()} begins with https://")
        return self
