"""The services can start with what they are told: their own settings read it, their own composition roots use it."""

import importlib
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from servicekit.keyfiles import SEALING
from servicekit.settings import PREFIX, ServiceSettings

from .rendered import ROOT, SECRETS, Overlay, Pod

SERVICES = {"orchestrator", "orders", "billing", "tickets", "retrieval"}
#: What only an environment with accounts at others has, beside what every one has.
ACCOUNTS = {
    "orchestrator": {"llm-api-key": "sk-x"},
    "orders": dict.fromkeys(("woocommerce-key", "woocommerce-secret", "woocommerce-webhook-secret"), "ck_x"),
    "billing": {"stripe-key": "rk_test_x", "stripe-webhook-secret": "whsec_" + 32 * "x"},
    "tickets": {"smtp-username": "support", "smtp-password": "x"},
}


def settings_of(service: str) -> type[ServiceSettings]:
    found: type[ServiceSettings] = importlib.import_module(f"{service}.settings").Settings
    return found


def unknown_to(pod: Pod, told: dict[str, str]) -> set[str]:
    """Variables that the service would not read."""
    assert pod.service is not None
    fields = {name.upper() for name in settings_of(pod.service).model_fields}
    names = {name.removeprefix(PREFIX) for name in told if name.startswith(PREFIX)}
    return {name for name in names if name not in fields and name.removesuffix("_FILE") not in fields}


def serving(overlay: Overlay) -> list[Pod]:
    return [pod for pod in overlay.deployments if pod.service]


@pytest.fixture
def mounted(local_secrets: ModuleType, tmp_path: Path) -> Path:
    """A folder for each service with all its secret files, as they are mounted."""
    for secret, files in local_secrets.contents().items():
        service = secret.removesuffix("-secrets")
        (tmp_path / service).mkdir()
        for name, text in (files | ACCOUNTS.get(service, {})).items():
            (tmp_path / service / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without anything of ours."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return monkeypatch


def tell(alone: pytest.MonkeyPatch, pod: Pod, mounted: Path) -> None:
    """The environment of the pod, with its secrets where the test has put them."""
    for name, value in pod.environment.items():
        if name.startswith(PREFIX):
            alone.setenv(name, value.replace(SECRETS, str(mounted / str(pod.service))))


def build(service: str) -> Any:
    """The service's app, as its process makes it; nothing is connected yet."""
    app = importlib.import_module(f"{service}.app")
    return app.build(settings_of(service)())


def test_all_five_services_are_deployed(overlay: Overlay) -> None:
    assert {pod.service for pod in serving(overlay)} == SERVICES


def test_no_variable_is_unknown_to_its_service(overlay: Overlay) -> None:
    assert {pod.name: unknown for pod in serving(overlay) if (unknown := unknown_to(pod, pod.environment))} == {}


def test_a_misspelt_variable_is_found(overlay: Overlay) -> None:
    pod = serving(overlay)[0]

    assert unknown_to(pod, {**pod.environment, "AIGUY_DATABSE_URL_FILE": "x"}) == {"DATABSE_URL_FILE"}


def test_every_service_can_be_built_from_what_it_is_told(
    overlay: Overlay, mounted: Path, alone: pytest.MonkeyPatch
) -> None:
    for pod in serving(overlay):
        with alone.context() as told:
            tell(told, pod, mounted)
            app = build(str(pod.service))
        settings: ServiceSettings = app.state.settings
        assert (settings.environment, settings.host) == (overlay.name, "0.0.0.0")
        assert settings.port == pod.container["ports"][0]["containerPort"]
        assert settings.database_url.startswith(f"postgresql://{pod.service}:")
        assert "valkey" in settings.redis_url
        assert settings.trusted_proxies
        assert (settings.master_key_file is not None) == (pod.service in SEALING)
        assert pod.service == "orchestrator" or settings.jwks_url is not None


@pytest.mark.parametrize(
    ("workload", "missing"),
    [
        ("orchestrator", "AIGUY_SIGNING_KEYS"), ("orchestrator-worker", "AIGUY_MASTER_KEY_FILE"),
        ("billing", "AIGUY_PUBLIC_URL"), ("billing", "AIGUY_RECEIPT_KEYS"), ("billing", "AIGUY_STRIPE_KEY_FILE"),
        ("orders", "AIGUY_WOOCOMMERCE_URL"), ("tickets", "AIGUY_MAIL_FROM"), ("retrieval", "AIGUY_DATABASE_URL_FILE"),
    ],
)  # fmt: skip
def test_what_production_needs_is_missed(
    overlays: dict[str, Overlay], workload: str, missing: str, mounted: Path, alone: pytest.MonkeyPatch
) -> None:
    (pod,) = [pod for pod in serving(overlays["production"]) if pod.name == workload]
    tell(alone, pod, mounted)
    alone.delenv(missing)

    with pytest.raises((ValidationError, ValueError)):
        build(str(pod.service))


def test_the_orchestrator_knows_every_tool_service(overlay: Overlay, mounted: Path, alone: pytest.MonkeyPatch) -> None:
    for pod in serving(overlay):
        if pod.service == "orchestrator":
            with alone.context() as told:
                tell(told, pod, mounted)
                urls = build("orchestrator").state.settings.tool_urls
            assert urls.keys() == SERVICES - {"orchestrator"}


def test_the_gateway_is_told_all_that_it_asks_for(overlay: Overlay) -> None:
    files = (ROOT / "gateway").rglob("*.conf")
    asked = {name for file in files for name in re.findall(r"\$\{(AIGUY_GATEWAY_[A-Z_]+)\}", file.read_text("utf-8"))}
    start = (ROOT / "gateway" / "image" / "start.sh").read_text("utf-8")
    image = (ROOT / "gateway" / "image" / "Dockerfile").read_text("utf-8")
    by_itself = set(re.findall(r"(AIGUY_GATEWAY_[A-Z_]+)=", start + image))

    for pod in overlay.deployments:
        if pod.container["image"].startswith("aiguy/gateway"):
            assert asked - by_itself <= pod.environment.keys()
            assert pod.environment.keys() <= asked | by_itself
