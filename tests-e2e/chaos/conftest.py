"""What the tests of faults share: a machine whose stores may be broken, and the verdicts that `make chaos` prints."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from chaos.outages import own_disk
from chaos.stores_support import Shop, new_home, open_shop
from chaos.verdicts import Verdicts


@pytest.fixture(scope="session")
def verdicts() -> Iterator[Verdicts]:
    """Filled by the tests; told at the end when the full size was asked for."""
    found = Verdicts()
    yield found
    if os.environ.get("AIGUY_PROVE") == "1":
        print(found.write())
        assert found.missed == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop() -> AsyncIterator[Shop]:
    """A machine of which everything may be broken: each test leaves it whole, which is what it tries."""
    with new_home("stores") as home, own_disk(home / "postgres"):
        async with open_shop(home) as opened:
            yield opened
