"""How each store breaks, and is whole again when the block begins. The blocks do nothing but wait for the rest."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil

from e2e.facts import connected
from servicekit.testing import eventually

from .stores_support import Shop

#: A server is given up after 5 s when no connection is to be had, and a statement after 15 s (`servicekit.db.pool`).
SILENT_S = 22.0
#: More than a turn may take.
LONG_S = 11.0
_CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname LIKE 'aiguy\\_%'"
_MORE_LOG = "SELECT pg_logical_emit_message(true, 'x', 'x'); SELECT pg_switch_wal()"
_ROOM, _PAGE = "size=1g", 4096


@contextmanager
def own_disk(directory: Path) -> Iterator[None]:
    """A disk in memory for the database alone, where root may mount one; else it lies with everything else."""
    directory.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"{_ROOM},mode=755", "tmpfs", directory]
    mounted = os.geteuid() == 0 and subprocess.run(mounting, capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", directory], check=True)


def _resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{size}", disk], check=True, capture_output=True)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process and its children do nothing, and their sockets stay open, until the block ends."""
    server = psutil.Process(pid)
    everybody = [server, *server.children(recursive=True)]
    try:
        for one in everybody:
            one.suspend()
        yield
    finally:
        for one in everybody:
            with suppress(psutil.NoSuchProcess):
                one.resume()


@asynccontextmanager
async def postgres_restarted(shop: Shop) -> AsyncIterator[None]:
    """As for an update: it throws everybody out, and is there again."""
    pid = shop.machine.stack.server_pids["postgres"]
    os.kill(pid, signal.SIGINT)
    await eventually(lambda: shop.machine.stack.server_pids.get("postgres", pid) != pid, 60)
    yield


@asynccontextmanager
async def postgres_cut(shop: Shop) -> AsyncIterator[None]:
    """Every connection is cut, again and again."""
    async with connected(shop.superuser) as connection:
        for _ in range(6):
            assert await connection.fetchval(_CUT) is not None
            await asyncio.sleep(0.4)  # those who were cut come back
    yield


@asynccontextmanager
async def postgres_frozen(shop: Shop) -> AsyncIterator[None]:
    """It takes connections and says nothing, for longer than anybody waits for it."""
    with frozen(shop.machine.stack.server_pids["postgres"]):
        await asyncio.sleep(SILENT_S)  # the length of the outage
    yield


@asynccontextmanager
async def postgres_full(shop: Shop) -> AsyncIterator[None]:
    """No room for another page; then none for its own log, and it ends and cannot start."""
    disk, pid = shop.machine.stack.home.root / "postgres", shop.machine.stack.server_pids["postgres"]
    used = (room := os.statvfs(disk)).f_blocks - room.f_bfree
    _resize(disk, f"size={(used * room.f_frsize // _PAGE + 8) * _PAGE}")
    try:
        await asyncio.sleep(2)  # the length of the first half of the outage
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            async with connected(shop.superuser) as connection:
                for _ in range(40):
                    await connection.execute(_MORE_LOG)
        await eventually(lambda: shop.machine.stack.server_pids.get("postgres") != pid, 60)
        await asyncio.sleep(2)  # the length of the second
    finally:
        _resize(disk, _ROOM)
    await eventually(lambda: "postgres" in shop.machine.stack.server_pids, 60)
    yield


@asynccontextmanager
async def valkey_wiped(shop: Shop) -> AsyncIterator[None]:
    """All that it holds is gone, more than once."""
    for _ in range(4):
        await shop.machine.wipe_redis()
        await asyncio.sleep(0.3)  # customers write into it again
    yield


@asynccontextmanager
async def valkey_emptied(shop: Shop) -> AsyncIterator[None]:
    """It dies with its files, and starts with nothing."""
    shutil.rmtree(shop.machine.stack.home.root / "valkey" / "appendonlydir")
    await shop.machine.kill("valkey")
    await eventually(lambda: "valkey" in shop.machine.stack.server_pids, 60)
    yield


@asynccontextmanager
async def valkey_frozen(shop: Shop) -> AsyncIterator[None]:
    """It takes connections and says nothing."""
    with frozen(shop.machine.stack.server_pids["valkey"]):
        await asyncio.sleep(LONG_S)  # the length of the outage
    yield


@asynccontextmanager
async def valkey_gone(shop: Shop) -> AsyncIterator[None]:
    """It dies, and for a while cannot be started: a folder stands where its configuration is written."""
    config = shop.machine.stack.home.root / "valkey" / "valkey.conf"
    config.unlink()
    config.mkdir()
    await shop.machine.kill("valkey")
    await asyncio.sleep(LONG_S)  # the length of the outage
    assert "valkey" not in shop.machine.stack.server_pids
    config.rmdir()
    await eventually(lambda: "valkey" in shop.machine.stack.server_pids, 60)
    yield


@asynccontextmanager
async def index_deleted(shop: Shop) -> AsyncIterator[None]:
    """The folder of the vectors is deleted under the running service."""
    shutil.rmtree(shop.machine.stack.home.root / "retrieval-index")
    yield


@asynccontextmanager
async def index_spoiled(shop: Shop) -> AsyncIterator[None]:
    """The files of the vectors hold nonsense when the service starts."""
    for path in (shop.machine.stack.home.root / "retrieval-index").rglob("*"):
        if path.is_file():
            path.write_bytes(b"nonsense" * 100)
    await shop.machine.kill("retrieval")
    await shop.machine.ready("retrieval")
    yield
