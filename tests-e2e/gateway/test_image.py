"""The image's start writes what `onebox` writes, and becomes a door that opens; what it is not told, it says."""

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from onebox.front_door import Parts, write_door
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from onebox.readiness import wait_ready
from servicekit.embedded import free_port
from servicekit.embedded.process import guarded

from .door import ROOT
from .upstream import Upstream

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
IMAGE = ROOT / "gateway" / "image"


def _told(parts: Parts, state: Path, listen: str, places: Mapping[str, str]) -> dict[str, str]:
    """The environment of the container, with the paths of this machine in the place of the image's."""
    return {
        "PATH": f"{parts.nginx.parent}:{os.environ['PATH']}", "AIGUY_GATEWAY_STATE": str(state),
        "AIGUY_GATEWAY_MODULES": str(parts.modules), "AIGUY_GATEWAY_CRS": str(parts.rules),
        "AIGUY_GATEWAY_UNICODE": str(parts.unicode), "AIGUY_GATEWAY_FILES": str(parts.files),
        "AIGUY_GATEWAY_LISTEN": listen, **{f"AIGUY_GATEWAY_{name.upper()}": at for name, at in places.items()},
    }  # fmt: skip


def _files(state: Path) -> dict[str, str]:
    return {str(file.relative_to(state)): file.read_text("utf-8") for file in state.rglob("*.conf")}


async def test_its_start_writes_what_onebox_writes_and_opens_the_door(
    parts: Parts, upstream: Upstream, tmp_path: Path
) -> None:
    listen = f"127.0.0.1:{free_port()}"
    places = dict.fromkeys((ORCHESTRATOR, *TOOL_SERVICES), f"127.0.0.1:{upstream.port}")
    write_door(parts, tmp_path / "state", listen, places, {})
    written = _files(tmp_path / "state")
    (tmp_path / "state").rename(tmp_path / "by-onebox")
    command = guarded(["sh", str(IMAGE / "start.sh")])
    environment = _told(parts, tmp_path / "state", listen, places)
    process = await asyncio.create_subprocess_exec(*command, env=environment, start_new_session=True)
    try:
        async with httpx.AsyncClient(base_url=f"http://{listen}") as client:
            await wait_ready(client, f"http://{listen}", path="/livez", given_up=lambda: process.returncode is not None)
            passed, refused = (
                await client.get("/openapi.json"),
                await client.get("/openapi.json?q=<script>alert(1)</script>"),
            )
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    assert _files(tmp_path / "state") == written
    assert (passed.status_code, refused.status_code) == (200, 403)


async def test_what_it_is_not_told_it_says_and_does_not_start(parts: Parts, tmp_path: Path) -> None:
    environment = _told(parts, tmp_path / "state", "127.0.0.1:1", {"orchestrator": "127.0.0.1:8080"})
    process = await asyncio.create_subprocess_exec(
        "sh", str(IMAGE / "start.sh"), env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 78
    assert "AIGUY_GATEWAY_BILLING" in said.decode()
    assert "AIGUY_GATEWAY_ORCHESTRATOR" not in said.decode()


def test_what_it_copies_is_there_and_it_is_nobody_special() -> None:
    steps = re.sub(r"\\\n\s*", " ", (IMAGE / "Dockerfile").read_text("utf-8"))
    copied = re.findall(r"^COPY (\S+) (\S+)$", steps, re.MULTILINE)
    assert len(copied) == 3
    assert all((IMAGE.parent / source).exists() for source, _ in copied)
    assert f'["sh", "{copied[-1][1]}"]' in steps
    assert re.findall(r"^USER (\S+)$", steps, re.MULTILINE)[-1] == "101"
    (base,) = re.findall(r"^FROM (\S+)$", steps, re.MULTILINE)
    assert re.fullmatch(r"owasp/modsecurity-crs:4\.\d+\.\d+-nginx-lts", base), "a version, not whatever is newest"
