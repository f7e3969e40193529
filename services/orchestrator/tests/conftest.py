"""What the tests of several folders use: a finder of personal data, vaults with a key of their own, a silent Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import redis.asyncio

from orchestrator.guard.vault import Vault
from servicekit.kit import open_redis
from servicekit.privacy import Finder


@pytest.fixture(scope="session")
def finder() -> Finder:
    return Finder.load()


@pytest.fixture
def new_vault(finder: Finder) -> Callable[..., Vault]:
    """Vaults of one conversation: those with the same key make the same tokens."""

    def made(key: bytes = b"k" * 32, names: tuple[str, ...] = ()) -> Vault:
        return Vault(key, finder, names)

    return made


@pytest.fixture
def vault(new_vault: Callable[..., Vault]) -> Vault:
    return new_vault()


@pytest.fixture
async def silent_redis() -> AsyncIterator["redis.asyncio.Redis"]:
    """A client, as services have it, of a server that takes connections and never says a word."""
    over = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    client = open_redis(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    yield client
    over.set()
    await client.aclose(close_connection_pool=True)
    server.close()
