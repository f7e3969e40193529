"""The cluster's backups are those of `onebox.backup`, of every database and every key, and come back elsewhere."""

from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from onebox.backup.__main__ import run
from onebox.backup.folder import backups_in
from onebox.backup.manifest import read_manifest
from onebox.backup.sealing import make_identity
from servicekit.keyfiles import StackKeys
from servicekit.testing.databases import TestDatabases

from .rendered import SECRETS, Document, Overlay, Pod


@pytest.fixture
def jobs(overlays: dict[str, Overlay]) -> dict[str, Pod]:
    """The pods of the backups, by name."""
    return {pod.name: pod for pod in overlays["production"].pods if pod.name.startswith("backup-")}


def mount(pod: Pod, contents: dict[str, dict[str, str]], folder: Path) -> None:
    """What the pod sees below /run/secrets/aiguy, in `folder`."""
    (volume,) = [one for one in pod.spec["volumes"] if one["name"] == "secrets"]
    sources: list[Document] = [one["secret"] for one in volume["projected"]["sources"]]
    for source in sources:
        for item in source["items"]:
            place = folder / item["path"]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(contents[source["name"].removeprefix("production-")][item["key"]], "utf-8")


def do(pod: Pod, contents: dict[str, dict[str, str]], folder: Path) -> tuple[int, str]:
    """Exit code and words of the job, with its mounts below `folder`."""
    mount(pod, contents, folder / "secrets")
    places = {SECRETS: folder / "secrets", "/backups": folder / "backups", "/recipient/recipient": folder / "identity"}

    def here(text: str) -> str:
        for place, own in places.items():
            text = text.replace(place, str(own))
        return text

    python, flag, module, *arguments = pod.container["command"]
    assert (python, flag, module) == ("python", "-m", "onebox.backup")
    told = StringIO()
    environment = {name: here(value) for name, value in pod.environment.items()}
    return run([here(one) for one in arguments], environment, Console(file=told, width=400)), told.getvalue()


@pytest.mark.service
def test_a_backup_of_the_cluster_comes_back_elsewhere(
    jobs: dict[str, Pod], local_secrets: ModuleType, postgres_server: TestDatabases, tmp_path: Path
) -> None:
    contents = local_secrets.contents()
    services = [name.removesuffix("-secrets") for name, files in contents.items() if "database-url" in files]
    for service in services:
        contents[f"{service}-secrets"]["database-url"] = postgres_server.create(service)
    make_identity(tmp_path / "identity")
    code, words = do(jobs["backup-all"], contents, tmp_path)
    assert code == 0, words
    assert do(jobs["backup-erasures"], contents, tmp_path)[0] == 0

    (made,) = backups_in(tmp_path / "backups")
    assert set(read_manifest(made).services) == set(services)
    told = StringIO()
    fresh = tmp_path / "urls"
    fresh.mkdir()
    for service in services:
        (fresh / service).write_text(postgres_server.create())
    environment = {
        "AIGUY_DATABASE_URLS_FOLDER": str(fresh), "AIGUY_BACKUP_IDENTITY_FILE": str(tmp_path / "identity"),
    }  # fmt: skip
    restored = run(
        ["restore", str(tmp_path / "backups"), "--keys", str(tmp_path / "keys")], environment,
        Console(file=told, width=400),
    )  # fmt: skip
    assert restored == 0, told.getvalue()
    keys = StackKeys(tmp_path / "keys")
    assert keys.master("orders").read_text() == contents["orders-secrets"]["master.json"]
    assert keys.signing.read_text() == contents["orchestrator-secrets"]["signing.json"]
    assert keys.receipts.read_text() == contents["billing-secrets"]["receipts.json"]
    assert keys.link_secret.read_text() == contents["billing-secrets"]["link-secret"]


def test_every_database_and_every_key_has_a_backup(jobs: dict[str, Pod], overlays: dict[str, Overlay]) -> None:
    serving = [pod for pod in overlays["production"].deployments if pod.service]
    sealing = {pod.service for pod in serving if "AIGUY_MASTER_KEY_FILE" in pod.environment}

    assert jobs.keys() == {"backup-all", "backup-erasures"}
    kept = jobs["backup-all"].secrets
    assert kept.keys() == {f"production-{pod.service}-secrets" for pod in serving}
    assert all("database-url" in (files or ()) for files in kept.values())
    assert {name for name, files in kept.items() if "master.json" in (files or ())} == {
        f"production-{one}-secrets" for one in sealing
    }
    asked = jobs["backup-erasures"].secrets
    assert asked == {f"production-{one}-secrets": {"database-url"} for one in sealing}


def test_what_opens_backups_is_nowhere_in_the_cluster(jobs: dict[str, Pod], overlays: dict[str, Overlay]) -> None:
    assert "AIGUY_BACKUP_IDENTITY_FILE" not in str(overlays["production"].documents)
    assert jobs["backup-all"].environment["AIGUY_BACKUP_RECIPIENT_FILE"].endswith(".pub")
