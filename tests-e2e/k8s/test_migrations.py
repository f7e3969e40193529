"""A Job cannot be changed: whoever applies an overlay with another tag makes another Job, for each colour its own."""

import shutil
from pathlib import Path

import yaml

from .rendered import NAME, TREE, Overlay, render


def jobs(overlay: Overlay) -> dict[str, str]:
    """Name of each migration's Job → its image."""
    return {
        pod.name: pod.container["image"] for pod in overlay.pods
        if pod.kind == "Job" and pod.name.startswith("migrate-")
    }  # fmt: skip


def test_each_image_with_a_database_has_a_job_that_is_named_after_its_tag(overlay: Overlay) -> None:
    images = {pod.container["image"] for pod in overlay.deployments if pod.service}

    assert set(jobs(overlay).values()) == images
    for name, image in jobs(overlay).items():
        repository, _, tag = image.rpartition(":")
        family = repository.removeprefix("aiguy/")
        assert name in (f"migrate-{family}-{tag}", f"migrate-{family}-green-{tag}")


def test_a_new_tag_changes_no_job_that_is_there(kubectl_path: str, tmp_path: Path) -> None:
    tree = shutil.copytree(TREE, tmp_path / "k8s")
    before = rendered_jobs(kubectl_path, tree)
    for file in (tree / "overlays" / "production").rglob("kustomization.yaml"):
        file.write_text(file.read_text("utf-8").replace("newTag: 0.1.0", "newTag: 0.2.0"), "utf-8")
    after = rendered_jobs(kubectl_path, tree)

    assert len(before) == len(after) == 6
    assert before.keys().isdisjoint(after)


def test_green_has_the_orchestrators_migration_and_no_other(overlays: dict[str, Overlay]) -> None:
    green = [one for one in overlays["production"].of("Job") if "green" in one["metadata"]["name"]]

    (job,) = [one for one in green if one["metadata"]["name"].startswith("migrate-")]
    assert (
        job["metadata"]["labels"] | {NAME: "migrate-orchestrator", "aiguy/colour": "green"} == job["metadata"]["labels"]
    )
    account = job["spec"]["template"]["spec"]["serviceAccountName"]
    assert account in overlays["production"].names("ServiceAccount")


def rendered_jobs(kubectl: str, tree: Path) -> dict[str, str]:
    """As `jobs`, of production in this tree."""
    text = render(kubectl, tree / "overlays" / "production")
    return jobs(Overlay("production", list(yaml.load_all(text, yaml.CSafeLoader))))
