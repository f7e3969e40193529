"""Master keys are rotated, rewrapped and retired while the databases are in use."""

import asyncio
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import asyncpg
import pytest
from rich.console import Console

from onebox.keys import KeyFiles
from onebox.keys_command import DONE, REFUSED, UNTRIED, retire_key, rewrap_keys, rotate_keys
from servicekit.crypto import Keyring, new_key
from servicekit.embedded.files import DirectoryLock
from servicekit.keyfiles import ORCHESTRATOR, SEALING

pytestmark = pytest.mark.service


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    made = KeyFiles(tmp_path)
    made.create()
    return made


@pytest.fixture
def console() -> Console:
    return Console(file=StringIO(), width=200)


def said(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.fixture
def urls(database_url: Callable[[str], str]) -> dict[str, str]:
    return {service: database_url(service) for service in SEALING}


async def _written(urls: dict[str, str], files: KeyFiles) -> dict[str, bytes]:
    """A data key in each database, wrapped under the key that is active now."""
    made = {}
    for service, url in urls.items():
        made[service] = new_key()
        key_id, wrapped = Keyring.load(files.master(service)).wrap(made[service], b"a")
        connection = await asyncpg.connect(url)
        if service == ORCHESTRATOR:
            await connection.execute("DELETE FROM conversations")
            await connection.execute(
                "INSERT INTO conversations (id, issuer, subject_hash, identity, customer, channel, key_id, data_key)"
                " VALUES ('a', 'shop', 'x', '', true, 'web', $1, $2)", key_id, wrapped,
            )  # fmt: skip
        else:
            await connection.execute("DELETE FROM data_keys")
            await connection.execute("INSERT INTO data_keys VALUES ('a', $1, $2)", key_id, wrapped)
        await connection.close()
    return made


async def _opened(urls: dict[str, str], files: KeyFiles) -> dict[str, bytes]:
    found = {}
    for service, url in urls.items():
        connection = await asyncpg.connect(url)
        table = "data_key FROM conversations" if service == ORCHESTRATOR else "wrapped FROM data_keys"
        row = await connection.fetchrow(f"SELECT key_id, {table}")
        assert row is not None
        found[service] = Keyring.load(files.master(service)).unwrap_key(row[0], row[1], b"a")
        await connection.close()
    return found


def test_an_old_key_is_gone_only_after_everything_is_under_the_new_one(
    urls: dict[str, str], files: KeyFiles, console: Console
) -> None:
    written = asyncio.run(_written(urls, files))
    assert rotate_keys(files, None, console) == DONE
    assert {Keyring.load(files.master(service)).active for service in SEALING} == {"k2"}
    assert {stat.S_IMODE(files.master(service).stat().st_mode) for service in SEALING} == {0o600}
    assert asyncio.run(_opened(urls, files)) == written
    assert retire_key(urls, files, "k1", console, settle_s=0) == REFUSED
    assert "tickets: k1 stays: 1 data keys are still under k1: rewrap them first" in said(console)
    assert rewrap_keys(urls, files, console) == DONE
    assert f"{ORCHESTRATOR}: 1 data keys wrapped anew under k2" in said(console)
    assert retire_key(urls, files, "k2", console, settle_s=0) == REFUSED
    assert retire_key(urls, files, "k1", console, settle_s=0) == DONE
    assert {Keyring.load(files.master(service)).names for service in SEALING} == {("k2",)}
    assert asyncio.run(_opened(urls, files)) == written


def test_a_data_key_whose_master_key_is_lost_is_told_and_left(
    urls: dict[str, str], files: KeyFiles, console: Console
) -> None:
    asyncio.run(_written(urls, files))
    lost = KeyFiles(files.directory / "new")
    lost.directory.mkdir()
    lost.create()
    assert rotate_keys(lost, "k2", console) == DONE
    assert rewrap_keys(urls, lost, console) == REFUSED
    assert "1 cannot be opened: their master key is not in the file" in said(console)
    assert rewrap_keys(urls, files, console) == DONE


@pytest.mark.parametrize("broken", ["{", "[]", '{"active": "k1", "keys": {"k1": "!"}}'])
def test_a_broken_key_file_is_told_and_the_others_are_done(
    urls: dict[str, str], files: KeyFiles, console: Console, broken: str
) -> None:
    asyncio.run(_written(urls, files))
    assert rotate_keys(files, None, console) == DONE
    files.master("orders").write_text(broken)
    assert rewrap_keys(urls, files, console) == UNTRIED
    assert retire_key(urls, files, "k1", console, settle_s=0) == UNTRIED
    assert said(console).count("orders: its key file cannot be read (") == 2
    for service in set(SEALING) - {"orders"}:
        assert f"{service}: k1 is gone" in said(console)


def test_a_database_without_our_tables_is_told_and_the_others_are_done(
    urls: dict[str, str], files: KeyFiles, console: Console, database_url: Callable[[str], str]
) -> None:
    asyncio.run(_written(urls, files))
    assert rotate_keys(files, None, console) == DONE
    assert rewrap_keys({**urls, "orders": database_url("retrieval")}, files, console) == UNTRIED
    assert "orders: its database cannot be asked, or its file not written (UndefinedTableError)" in said(console)
    assert f"{ORCHESTRATOR}: 1 data keys wrapped anew under k2" in said(console)


def test_a_file_that_cannot_be_written_is_told_with_what_was_done(files: KeyFiles, console: Console) -> None:
    (files.directory / "master-billing.json.partial").mkdir()
    assert rotate_keys(files, None, console) == UNTRIED
    assert "orders: k2 is active now" in said(console)
    assert "billing: its key file cannot be written (" in said(console)
    assert Keyring.load(files.master("billing")).active == "k1"


def test_what_cannot_be_done_is_told_and_changes_nothing(
    urls: dict[str, str], files: KeyFiles, console: Console, tmp_path: Path
) -> None:
    before = {service: files.master(service).read_text() for service in SEALING}
    assert rotate_keys(files, "k1", console) == REFUSED
    assert rotate_keys(KeyFiles(tmp_path / "nowhere"), None, console) == UNTRIED
    assert rewrap_keys({**urls, "tickets": "postgresql://a:b@127.0.0.1:9/x"}, files, console) == UNTRIED
    assert "tickets: its database cannot be reached" in said(console)
    lock = DirectoryLock(files.directory / "keys.lock")
    lock.acquire()
    assert (rotate_keys(files, None, console), retire_key(urls, files, "k1", console)) == (UNTRIED, UNTRIED)
    lock.release()
    assert {service: files.master(service).read_text() for service in SEALING} == before
    assert not any(
        secret in said(console) for text in before.values() for secret in text.split('"') if len(secret) > 30
    )
