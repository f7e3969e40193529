"""The steps of "Add a new tool family" are followed in a copy of the tree, and the copy keeps its promises."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from .edges import allowed, needed
from .rendered import OVERLAYS, ROOT, Overlay, render
from .test_schemas import wrong_with

STEPS = re.compile(r"^## Add a new tool family$.*?^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the family `loyalty`."""
    folder = tmp_path_factory.mktemp("grown")
    shutil.copytree(ROOT / "k8s", folder / "k8s")
    (steps,) = STEPS.findall((ROOT / "k8s" / "README.md").read_text("utf-8"))
    subprocess.run(["bash", "-euo", "pipefail", "-c", steps], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_family_is_there_with_all_that_the_others_have(grown: Path, kubectl_path: str, name: str) -> None:
    text = render(kubectl_path, grown / "k8s" / "overlays" / name)
    overlay = Overlay(name, list(yaml.load_all(text, yaml.CSafeLoader)))

    def kinds(service: str) -> list[str]:
        names = (f"migrate-{service}", service, f"{name}-{service}-secrets")
        return [one["kind"] for one in overlay.documents if one["metadata"]["name"].startswith(names)]

    assert set(kinds("loyalty")) == set(kinds("tickets")) - {"Rollout"}
    ours = [one for one in overlay.documents if "loyalty" in one["metadata"]["name"]]
    assert [trouble for one in ours if (trouble := wrong_with(one))] == []
    assert allowed(overlay) == needed(overlay)
    assert {("orchestrator-worker", "loyalty", 8085), ("loyalty", "orchestrator", 8080)} <= allowed(overlay)
    (pod,) = [pod for pod in overlay.deployments if pod.name == "loyalty"]
    assert pod.container["image"].startswith("aiguy/loyalty:")
    assert f"migrate-loyalty-{pod.revision}" in overlay.names("Job")
