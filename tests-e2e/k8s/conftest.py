"""Each overlay is rendered once for all tests of this folder."""

import importlib.util
from types import ModuleType

import pytest

from .rendered import OVERLAYS, TREE, Overlay, kubectl, load


@pytest.fixture(scope="session")
def kubectl_path() -> str:
    """The program that renders."""
    return kubectl()


@pytest.fixture(scope="session")
def overlays(kubectl_path: str) -> dict[str, Overlay]:
    """All overlays by name."""
    return {name: load(kubectl_path, name) for name in OVERLAYS}


@pytest.fixture(params=OVERLAYS)
def overlay(overlays: dict[str, Overlay], request: pytest.FixtureRequest) -> Overlay:
    """Each overlay in turn."""
    return overlays[request.param]


@pytest.fixture(scope="session")
def local_secrets() -> ModuleType:
    """The script that makes the Secrets of one's own cluster."""
    spec = importlib.util.spec_from_file_location("local_secrets", TREE / "scripts" / "local_secrets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
