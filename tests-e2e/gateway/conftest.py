"""One door and one upstream for all tests of this folder; doors with settings of their own where a test needs them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from onebox.front_door import Parts

from .door import Door, open_door, parts_or_give_up
from .upstream import Upstream

OpenDoor = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture(scope="session")
def parts() -> Parts:
    """nginx, ModSecurity and CRS."""
    return parts_or_give_up()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_upstream() -> AsyncIterator[Upstream]:
    """The service behind the door."""
    async with Upstream().running() as upstream:
        yield upstream


@pytest.fixture
def upstream(running_upstream: Upstream) -> Upstream:
    """The same, which has seen nothing yet and answers as usual."""
    running_upstream.seen.clear()
    running_upstream.answer = b""
    return running_upstream


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def door(
    parts: Parts, running_upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Door]:
    """The door with limits that no test reaches."""
    async with open_door(parts, tmp_path_factory.mktemp("door"), running_upstream.port) as opened:
        yield opened


@pytest.fixture
def another_door(parts: Parts, running_upstream: Upstream, tmp_path: Path) -> OpenDoor:
    """`another_door(AIGUY_GATEWAY_RATE="1r/s")`: a door with these settings.

    `upstream=` is another port, `services=` those of single services, `made_of=` other parts than the machine's.
    """

    def opening(
        upstream: int = running_upstream.port, *, made_of: Parts = parts, **settings: Any
    ) -> AbstractAsyncContextManager[Door]:
        return open_door(made_of, tmp_path / "door", upstream, **settings)

    return opening


@pytest_asyncio.fixture(loop_scope="session")
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody before the door."""
    async with door.client() as asking:
        yield asking
