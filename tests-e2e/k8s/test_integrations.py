"""Each component for an account at others, chosen alone: it opens the network for its one service, and no further."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from .edges import allowed, name_of, needed
from .rendered import ROOT, Overlay, render
from .test_schemas import wrong_with
from .test_settings import serving, settings_of, unknown_to

FILE = Path(__file__).parent / "integrations.yaml"
INTEGRATIONS: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
#: What is in the secret files that components name.
SECRETS_OF = {
    "AIGUY_STRIPE_WEBHOOK_SECRET_FILE": "whsec_" + 32 * "x",
    "AIGUY_TICKETS_WEBHOOK_SECRET_FILE": "whsec_" + 8 * "MTIz",
    "AIGUY_EMAIL_WEBHOOK_SECRET_FILE": "whsec_" + 8 * "MTIz",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree, for overlays of the tests."""
    folder = tmp_path_factory.mktemp("chosen") / "k8s"
    shutil.copytree(ROOT / "k8s", folder)
    return folder


def _told(told: dict[str, Any]) -> list[str]:
    """Whom the overlay tells."""
    return [told["service"], *told.get("besides", ())]


def chosen(tree: Path, program: str, name: str | None) -> Overlay:
    """One's own cluster with this component and what the overlay adds to it; None: without any."""
    told = INTEGRATIONS[name] if name else {"told": {}, "service": "orders"}
    folder = tree / "overlays" / f"only-{name}"
    shutil.copytree(tree / "overlays" / "local", folder)
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    kustomization["components"] += [f"../../components/{name}"] if name else []
    literals = [f"{variable}={value}" for variable, value in told["told"].items()]
    for service in _told(told):
        merged = {"behavior": "merge", "literals": list(literals)}
        # A generator is named once in a kustomization.
        again = [one for one in kustomization["configMapGenerator"] if one["name"] == service]
        if again:
            again[0]["literals"] += literals
        else:
            kustomization["configMapGenerator"].append({"name": service, **merged})
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), "utf-8")
    return Overlay(folder.name, list(yaml.load_all(render(program, folder), yaml.CSafeLoader)))


@pytest.fixture(scope="module")
def usual(tree: Path, kubectl_path: str) -> Overlay:
    """Without any account at others."""
    return chosen(tree, kubectl_path, None)


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_a_component_opens_what_its_service_needs_and_nothing_else(
    tree: Path, kubectl_path: str, usual: Overlay, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overlay, told = chosen(tree, kubectl_path, name), INTEGRATIONS[name]
    opened = {(told["service"], "public", told["opens"])} if "opens" in told else set()
    assert allowed(overlay) - allowed(usual) == opened
    assert allowed(usual) - allowed(overlay) == set()
    assert allowed(overlay) == needed(overlay)
    assert [trouble for one in overlay.documents if (trouble := wrong_with(one))] == []

    for service in _told(told):
        (pod,) = [one for one in serving(overlay) if name_of(one) == service]
        assert unknown_to(pod, pod.environment) == set()
        given = {variable: value for variable, value in pod.environment.items() if variable.startswith("AIGUY_")}
        with monkeypatch.context() as environment:
            for variable, path in given.items():
                if variable.endswith("_FILE") and path.startswith("/run/secrets/"):
                    (tmp_path / variable).write_text(SECRETS_OF.get(variable, 32 * "x"))
                    given[variable] = str(tmp_path / variable)
                environment.setenv(variable, given[variable])
            settings_of(str(pod.service)).model_validate({"database_url": "postgresql://x/y"})


def test_without_a_component_nobody_reaches_the_world(usual: Overlay) -> None:
    assert {edge for edge in allowed(usual) if edge[1] == "public"} == set()
