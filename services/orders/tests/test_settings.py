"""The settings choose the backend; a wrong choice fails at the start with a sentence that tells no secret."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from orders.app import create
from orders.backends.choice import backend_of
from orders.backends.postgres import PostgresOrders
from orders.settings import Settings
from servicekit.crypto import Keyring
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.sealing.subjects import SubjectKeys
from servicekit.testing import FakeClock

WOOCOMMERCE = {
    "AIGUY_ORDERS_BACKEND": "woocommerce",
    "AIGUY_WOOCOMMERCE_URL": "https://shop.example",
    "AIGUY_WOOCOMMERCE_KEY": "ck_1",
    "AIGUY_WOOCOMMERCE_SECRET": "cs_never-told",
}
SHOPIFY = {
    "AIGUY_ORDERS_BACKEND": "shopify",
    "AIGUY_SHOPIFY_URL": "https://one.myshopify.com",
    "AIGUY_SHOPIFY_CLIENT_ID": "id",
    "AIGUY_SHOPIFY_CLIENT_SECRET": "shpss_never-told",
}


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, master_key_file: Path) -> Any:
    """Reads the settings from this environment."""

    def begin(environment: dict[str, str]) -> Settings:
        monkeypatch.setenv("AIGUY_DATABASE_URL", "postgresql://orders:never-told@127.0.0.1:9/orders")
        monkeypatch.setenv("AIGUY_MASTER_KEY_FILE", str(master_key_file))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        created: Settings = create().state.settings
        return created

    return begin


def test_without_a_master_key_it_does_not_start(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIGUY_DATABASE_URL", "postgresql://orders:pw@127.0.0.1:9/orders")
    with pytest.raises(ValueError, match="AIGUY_MASTER_KEY_FILE is needed"):
        create()


def test_our_own_database_is_the_default(start: Any) -> None:
    assert start({}).orders_backend == "postgres"


@pytest.mark.parametrize(("environment", "system"), [(WOOCOMMERCE, "woocommerce"), (SHOPIFY, "shopify")])
async def test_a_shop_system_is_chosen_by_its_name(
    start: Any, environment: dict[str, str], system: str, http: AiohttpClient, clock: FakeClock
) -> None:
    opened: Any = backend_of(start(environment), http, clock, SubjectKeys(Keyring.generate()))
    assert opened is not PostgresOrders
    assert opened(None).shop.system == system


@pytest.mark.parametrize("name", [*list(WOOCOMMERCE)[1:], *list(SHOPIFY)[1:]])
@pytest.mark.parametrize("empty", [False, True], ids=["missing", "empty"])
def test_what_a_shop_needs_and_lacks_is_named(start: Any, name: str, empty: bool) -> None:
    environment = dict(WOOCOMMERCE if "WOOCOMMERCE" in name else SHOPIFY)
    del environment[name]
    if empty and not name.endswith("_URL"):
        environment[name] = ""
    with pytest.raises(ValidationError, match=f"AIGUY_ORDERS_BACKEND=(woocommerce|shopify) needs {name}"):
        start(environment)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"AIGUY_ORDERS_BACKEND": "magento"}, "orders_backend"),
        ({"AIGUY_WOOCOMMERCE_URL": "shop.example"}, "woocommerce_url"),
        ({"AIGUY_WOOCOMMERCE_URL": "https://user:pw@shop.example"}, "woocommerce_url"),
        ({"AIGUY_WOOCOMMERCE_CUSTOMER_PREFIX": ""}, "woocommerce_customer_prefix"),
        ({"AIGUY_WOOCOMMERCE_CUSTOMER_PREFIX": "2"}, "woocommerce_customer_prefix"),
        ({"AIGUY_WOOCOMMERCE_STATUSES": '{"packed": "nearly"}'}, "woocommerce_statuses"),
        ({"AIGUY_SHOPIFY_API_VERSION": "latest"}, "shopify_api_version"),
        ({"AIGUY_SHOPIFY_ORDER_PREFIX": '#"'}, "shopify_order_prefix"),
        (
            {"AIGUY_WOOCOMMERCE_URL": "http://shop.example", "AIGUY_ENVIRONMENT": "production"},
            "AIGUY_WOOCOMMERCE_URL begins with https://",
        ),
    ],
)
def test_what_makes_no_sense_is_named_and_no_secret_is_told(start: Any, changed: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told) as failed:
        start({**WOOCOMMERCE, **changed})
    assert "never-told" not in str(failed.value)


def test_a_secret_may_come_from_a_file(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("cs_of-the-file\n", encoding="utf-8")
    environment = {**WOOCOMMERCE, "AIGUY_WOOCOMMERCE_SECRET_FILE": str(file)}
    del environment["AIGUY_WOOCOMMERCE_SECRET"]
    settings = start(environment)
    assert settings.woocommerce_secret.get_secret_value() == "cs_of-the-file"
    assert "cs_of-the-file" not in repr(settings)
