"""A real door for tests: nginx, ModSecurity and CRS with our files, before an upstream of the tests' own."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from e2e.machine import UNLIMITED_DOOR
from onebox.front_door import RULES, Parts, find_parts, write_door
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from onebox.readiness import wait_ready
from servicekit.embedded import free_port
from servicekit.embedded.process import guarded

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Door:
    """A running door: its port, and the folder with its configuration and logs."""

    port: int
    state: Path

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.AsyncClient:
        """A client like any; without certificates, which take longer to read than a test."""
        return httpx.AsyncClient(base_url=self.url, timeout=30.0, verify=False)


def parts_or_give_up() -> Parts:
    """This machine's nginx with ModSecurity and CRS, installed when root may; else one loud skip.

    With AIGUY_TEST_REQUIRE_SERVERS=1 it is a failure, so that CI cannot skip in silence.
    """
    here = {name: os.environ[name] for name in ("PATH", RULES) if name in os.environ}
    if (parts := find_parts(here)) is not None:
        return parts
    done = subprocess.run([ROOT / ".ci" / "packages", "gateway"], capture_output=True, text=True, check=False)
    if (parts := find_parts(here)) is not None:
        return parts
    message = f"NO GATEWAY WAS TESTED: nginx with ModSecurity and CRS is missing. {done.stdout[-300:]}"
    if os.environ.get("AIGUY_TEST_REQUIRE_SERVERS") == "1":
        pytest.fail(message)
    pytest.skip(message)


@asynccontextmanager
async def open_door(
    parts: Parts, state: Path, upstream: int, services: Mapping[str, int] | None = None, **settings: str
) -> AsyncIterator[Door]:
    """A door before `upstream`, the port of every service that has none of its own in `services`."""
    port = free_port()
    ports = dict.fromkeys((ORCHESTRATOR, *TOOL_SERVICES), upstream) | dict(services or {})
    places = {name: f"127.0.0.1:{at}" for name, at in ports.items()}
    command = write_door(parts, state, f"127.0.0.1:{port}", places, {**UNLIMITED_DOOR, **settings})
    process = await asyncio.create_subprocess_exec(*guarded(command), start_new_session=True)
    try:
        async with httpx.AsyncClient() as client:
            await wait_ready(
                client, f"http://127.0.0.1:{port}", path="/livez", given_up=lambda: process.returncode is not None
            )
        yield Door(port, state)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
