"""The image of the backups: its recipe brings all that a backup and a restore need, as a user without rights."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from servicekit.embedded.account import Account
from servicekit.embedded.process import guarded
from servicekit.testing.databases import TestDatabases

from . import recipe
from .composed import compose, environment, mounted_secrets
from .recipe import Stage
from .test_dockerfile import SERVICES

pytestmark = pytest.mark.service


def test_a_backup_is_made_and_brought_back_by_the_image(
    image: Callable[[str], Stage], account: Account | None, open_folder: Path, postgres_server: TestDatabases
) -> None:
    stage, folder = image("operations"), open_folder / "backups"
    folder.mkdir(mode=0o700)
    if account is not None:
        account.own(folder)

    def do(*arguments: object, **told: str) -> subprocess.CompletedProcess[str]:
        python, *line = stage.command("ENTRYPOINT")
        command = [str(stage.at(f".venv/bin/{python}")), *line, *(str(one) for one in arguments)]
        environment = recipe.told(stage, {"HOME": str(folder), **told})
        return subprocess.run(
            guarded(command, account=account), env=environment, cwd=folder, capture_output=True, text=True
        )

    made = do("key", folder / "identity")
    assert made.returncode == 0, made.stderr
    urls = json.dumps({"retrieval": postgres_server.create("retrieval")})
    recipient = str(folder / "identity.pub")
    taken = do("take", folder, AIGUY_DATABASE_URLS=urls, AIGUY_BACKUP_RECIPIENT_FILE=recipient)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    fresh = json.dumps({"retrieval": postgres_server.create()})
    back = do("restore", folder, AIGUY_DATABASE_URLS=fresh, AIGUY_BACKUP_IDENTITY_FILE=str(folder / "identity"))
    assert back.returncode == 0, back.stdout + back.stderr
    assert "all of it came back" in back.stdout


def test_compose_mounts_every_database_and_every_key_by_the_name_that_a_restore_knows() -> None:
    service = compose()["services"]["backup"]
    told: Mapping[str, str] = environment(service)
    there = dict(mounted_secrets(service))
    assert {place for place in there if place.startswith(told["AIGUY_DATABASE_URLS_FOLDER"])} == {
        f"/run/secrets/databases/{name}" for name in SERVICES
    }
    keys = {
        Path(place).name: compose()["secrets"][source]["file"] for place, source in there.items() if "/keys/" in place
    }
    assert {name: Path(file).name for name, file in keys.items()} == {name: name for name in keys}
    assert len(keys) == 7
