"""Each image starts: what docker-compose.yml tells its service is enough, as a user without rights, on real servers."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from onebox.readiness import wait_ready
from servicekit.embedded import free_port
from servicekit.embedded.account import Account
from servicekit.embedded.process import guarded

from . import recipe
from .composed import compose, environment, mounted_secrets
from .conftest import Servers
from .recipe import Stage
from .test_dockerfile import SERVICES

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


def _container(
    stage: Stage, service: Mapping[str, Any], secrets: Path, servers: Servers, folder: Path, port: int
) -> dict[str, str]:
    """The environment of a container, its secrets mounted below `folder`; only places and paths are this machine's."""
    files = {name: Path(one["file"]).name for name, one in compose()["secrets"].items()}
    mounts, data = folder / "mounted", folder / "data"
    for place in (mounts, data):
        place.mkdir(parents=True, exist_ok=True)
    data.chmod(0o777)
    for target, source in mounted_secrets(service):
        (mounts / Path(target).name).write_text(servers.here((secrets / files[source]).read_text()))
    given = {
        name: value.replace("/run/secrets/", f"{mounts}/").replace("/data/", f"{data}/")
        for name, value in environment(service).items()
    }
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(data / "pycache")}
    return recipe.told(stage, {**given, **compiled, "AIGUY_PORT": str(port), "HOME": str(data), "TMPDIR": str(data)})


def _command(stage: Stage, account: Account | None, *arguments: str) -> list[str]:
    program, *line = [word.replace("/app/", f"{stage.at('/app')}/") for word in stage.command("ENTRYPOINT")]
    # The guard's own Python cannot look for a program any more once it is the image's user.
    line.insert(0, shutil.which(program) or program)
    return guarded([*line, *arguments], account=account)


@asynccontextmanager
async def _running(command: list[str], told: Mapping[str, str], stage: Stage, log: Path) -> AsyncIterator[Any]:
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *command, env=dict(told), cwd=stage.at("."), stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@pytest.mark.parametrize("name", SERVICES)
async def test_an_image_migrates_serves_and_says_that_it_is_well(
    image: Callable[[str], Stage], secrets: Path, servers: Servers, account: Account | None, tmp_path: Path,
    open_folder: Path, name: str,
) -> None:  # fmt: skip
    stage, services, port = image(name), compose()["services"], free_port()
    folder = open_folder / "containers" / name
    once = services[f"migrate-{name}"]
    told = _container(stage, once, secrets, servers, folder, port)
    log = tmp_path / "migrate"
    async with _running(_command(stage, account, *once["command"]), told, stage, log) as process:
        assert await process.wait() == 0, log.read_text()

    told = _container(stage, services[name], secrets, servers, folder, port)
    log = tmp_path / "log"
    async with _running(_command(stage, account, *stage.command("CMD")), told, stage, log) as process:
        async with httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{port}"
            await wait_ready(client, url, given_up=lambda: process.returncode is not None)
            assert (await client.get(f"{url}/livez")).status_code == 200
        if account is not None:
            assert os.stat(f"/proc/{process.pid}").st_uid == account.uid
        assert _healthy(stage, told) == 0
    assert _healthy(stage, told) == 1, "nothing answers any more"
    assert "Application shutdown complete" in log.read_text(), "it was asked to end, and did so in order"


def _healthy(stage: Stage, told: Mapping[str, str]) -> int:
    line = [word.replace("/app/", f"{stage.at('/app')}/") for word in stage.command("HEALTHCHECK")]
    return subprocess.run(line, env=dict(told), cwd=stage.at(".")).returncode


def test_the_image_can_be_written_to_by_nobody_but_root(image: Callable[[str], Stage]) -> None:
    loose = [
        path for path in image("orders").at(".").rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022
    ]
    # uv's own lock, which is empty.
    assert [path.name for path in loose] in ([], [".lock"])


def test_a_start_without_its_database_says_what_is_missing(
    image: Callable[[str], Stage], account: Account | None
) -> None:
    stage = image("orders")
    said = subprocess.run(
        _command(stage, account, "serve"), env=recipe.told(stage, {}), cwd=stage.at("."), capture_output=True, text=True
    )
    assert said.returncode != 0
    assert re.search(r"database_url\s+Field required", said.stderr)
