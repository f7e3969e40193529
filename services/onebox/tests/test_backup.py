"""Backups of real databases: what is in them, what is refused, and what comes back."""

import asyncio
import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from rich.console import Console

from onebox.backup.__main__ import run
from onebox.backup.errors import BackupError, Refused
from onebox.backup.folder import Keep, backups_in, drop_old
from onebox.backup.manifest import Stored, dump_of, read_manifest, stored, write_manifest
from onebox.backup.programs import load
from onebox.backup.sealing import make_identity, opener_of, sealer_of
from onebox.keys import KeyFiles
from orders.people import people_of
from servicekit import audit
from servicekit.auth import Caller, Role
from servicekit.crypto import Keyring
from servicekit.encoding import digest_of
from servicekit.sealing.subjects import SubjectKeys
from servicekit.testing.databases import TestDatabases

pytestmark = pytest.mark.service
ADA = Caller("cust_ada", Role.CUSTOMER, "orchestrator", frozenset(), 0.0)
SERVICE = Caller("orchestrator", Role.SERVICE, "orchestrator", frozenset(), 0.0)
SERVICES = ("orders", "billing")
Connection = "asyncpg.Connection[asyncpg.Record]"


class Installation:
    """Databases, keys, and the folder of their backups."""

    def __init__(self, server: TestDatabases, folder: Path) -> None:
        self.server = server
        self.urls = {name: server.create(name) for name in SERVICES}
        self.keys = folder / "keys"
        self.keys.mkdir()
        KeyFiles(self.keys).create()
        self.backups = folder / "backups"
        self.identity = folder / "identity"
        make_identity(self.identity)

    def environment(self) -> dict[str, str]:
        return {
            "AIGUY_DATABASE_URLS": json.dumps(self.urls),
            "AIGUY_BACKUP_RECIPIENT_FILE": f"{self.identity}.pub",
            "AIGUY_BACKUP_IDENTITY_FILE": str(self.identity),
        }

    def do(self, *arguments: object) -> tuple[int, str]:
        """Exit code and words of the command."""
        told = StringIO()
        console = Console(file=told, width=400)
        return run([str(one) for one in arguments], self.environment(), console), told.getvalue()

    def take(self, *more: object) -> tuple[int, str]:
        return self.do("take", self.backups, "--keys", self.keys, *more)

    def restore(self, *more: object) -> tuple[int, str]:
        return self.do("restore", self.backups, "--keys", self.keys, *more)

    def elsewhere(self) -> None:
        """From here on the databases are new and empty, and the keys are gone."""
        self.urls = {name: self.server.create() for name in SERVICES}
        for file in self.keys.iterdir():
            file.unlink()

    def ask(self, service: str, query: str) -> Any:
        return at(self.urls[service], lambda db: db.fetchval(query))


def at(url: str, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def connected() -> Any:
        db = await asyncpg.connect(url)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(connected())


@pytest.fixture
def here(postgres_server: TestDatabases, tmp_path: Path) -> Installation:
    made = Installation(postgres_server, tmp_path)
    at(made.urls["orders"], add_audit)
    return made


async def add_audit(db: Connection) -> None:
    for _ in range(5):
        await audit.record(db, caller=ADA, tool="t", arguments_digest="d" * 64, outcome="ok", request_id="r")


def flip(file: Path) -> None:
    """One bit in the middle is another."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def newest(here: Installation) -> Path:
    return backups_in(here.backups)[-1]


def test_what_was_there_comes_back_with_its_keys(here: Installation) -> None:
    secrets = {file.name: file.read_bytes() for file in here.keys.iterdir()}
    code, words = here.take()
    assert code == 0, words
    here.elsewhere()
    code, words = here.restore()
    assert code == 0, words
    assert "VERDICT: all of it came back" in words
    told = (here.backups / "aiguy_backup.prom").read_text()
    assert re.fullmatch(r"aiguy_backup_completed_timestamp_seconds \d+\n", told)
    assert here.ask("orders", "SELECT count(*) FROM audit") == 5
    assert {file.name: file.read_bytes() for file in here.keys.iterdir()} == secrets


def test_a_backup_is_its_owners_alone_and_holds_no_key_in_clear(here: Installation) -> None:
    here.take()
    backup = newest(here)
    modes = {stat.S_IMODE(one.stat().st_mode) for one in backup.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    key = json.loads((here.keys / "master.json").read_text())["root"]
    assert not [one.name for one in backup.iterdir() if key.encode() in one.read_bytes()]


@pytest.mark.parametrize("name", ["orders.dump.age", "checkpoint.json", "keys.age", "manifest.json"])
def test_a_flipped_bit_is_found_and_named(here: Installation, name: str) -> None:
    here.take()
    flip(newest(here) / name)
    here.elsewhere()
    code, words = here.restore()
    assert code == 1
    assert "Nothing was restored: the backup is damaged" in words
    assert name in words
    assert here.ask("orders", "SELECT to_regclass('audit')") is None


def test_a_missing_file_is_named(here: Installation) -> None:
    here.take()
    (newest(here) / dump_of("billing")).unlink()
    code, words = here.restore("--replace")
    assert (code, "billing.dump.age is missing" in words) == (1, True)


def test_another_key_opens_nothing_and_changes_nothing(here: Installation) -> None:
    here.take()
    here.identity = here.identity.with_name("another")
    make_identity(here.identity)
    keys = {file.name: file.read_bytes() for file in here.keys.iterdir()}
    for which in (("--keys", here.keys), ()):
        code, words = here.do("restore", here.backups, *which, "--replace")
        assert (code, "was sealed for another key" in words) == (1, True), words
    assert here.ask("orders", "SELECT count(*) FROM audit") == 5
    assert {file.name: file.read_bytes() for file in here.keys.iterdir()} == keys


def changed(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("harm", [changed, lambda content: content[:-100], lambda content: content[:50]])
@pytest.mark.parametrize("name", ["orders.dump.age", "keys.age"])
def test_who_writes_the_manifest_anew_over_a_damaged_file_is_found_too(
    here: Installation, name: str, harm: Callable[[bytes], bytes]
) -> None:
    here.take()
    backup = newest(here)
    (backup / name).write_bytes(harm((backup / name).read_bytes()))
    manifest = read_manifest(backup)
    write_manifest(backup, replace(manifest, files={**manifest.files, name: stored(backup / name)}))

    code, words = here.restore("--replace")

    assert (code, "Nothing was restored: the backup is damaged" in words) == (1, True), words
    assert here.ask("orders", "SELECT count(*) FROM audit") == 5


def test_a_dump_of_another_backup_is_not_taken_for_this_ones(here: Installation) -> None:
    here.take()
    first = newest(here)
    at(here.urls["orders"], add_audit)
    here.take()
    name = dump_of("orders")
    (newest(here) / name).write_bytes((first / name).read_bytes())
    manifest = read_manifest(newest(here))
    files: dict[str, Stored] = {**manifest.files, name: stored(newest(here) / name)}
    write_manifest(newest(here), replace(manifest, files=files))
    code, words = here.restore("--replace")
    assert (code, "its keys are those of another backup" in words) == (1, True), words
    assert here.ask("orders", "SELECT count(*) FROM audit") == 10


def test_a_dump_is_sealed_in_ages_format(here: Installation) -> None:
    at(here.urls["orders"], lambda db: db.execute("CREATE TABLE seen AS SELECT 'Ada Lovelace, Rose Lane 4' AS who"))
    here.take()
    files = [one.read_bytes() for one in newest(here).iterdir()]
    assert not [one for one in files if b"Lovelace" in one or b"PGDMP" in one]
    file = newest(here) / dump_of("orders")
    assert file.read_bytes().startswith(b"age-encryption.org/v1\n-> X25519 ")
    content = opener_of(here.identity).open(file)
    assert content.startswith(b"PGDMP")


def test_a_dump_that_breaks_off_while_it_comes_back_leaves_the_database_empty(here: Installation) -> None:
    """Whole when it was looked at, and cut when it was read: a disk that fails in between."""
    file = here.identity.with_name("cut.dump.age")
    at(
        here.urls["orders"],
        lambda db: db.execute("CREATE TABLE big AS SELECT md5(n::text) FROM generate_series(1, 99999) n"),
    )
    here.take()
    file.write_bytes((newest(here) / dump_of("orders")).read_bytes()[:-200_000])
    url = here.server.create()
    with pytest.raises(Refused, match="was changed or cut off"):
        asyncio.run(load(url, file, opener_of(here.identity)))
    assert at(url, lambda db: db.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0


def test_without_a_key_there_is_no_backup_and_no_restore(here: Installation) -> None:
    told = StringIO()
    environment = {"AIGUY_DATABASE_URLS": json.dumps(here.urls)}
    for command, option in (("take", "--recipient-file"), ("restore", "--identity-file")):
        assert run([command, str(here.backups)], environment, Console(file=told, width=400)) == 1
        assert option in told.getvalue()
    assert backups_in(here.backups) == []


@pytest.mark.parametrize(
    ("content", "why"), [("", "names no recipient"), ("age1x\n", "no list of recipients"), (None, "cannot be read")]
)
def test_a_recipient_that_is_none_is_named(here: Installation, content: str | None, why: str) -> None:
    public = here.identity.with_name("identity.pub")
    public.unlink()
    if content is not None:
        public.write_text(content)
    code, words = here.take()
    assert (code, why in words) == (2, True), words


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    make_identity(tmp_path / "identity")
    sealer = sealer_of(tmp_path / "identity.pub")
    with pytest.raises(BackupError, match=r"full cannot be written .*No space left on device"):
        sealer.stream(BytesIO(bytes(1_000_000)), Path("/dev/full"))


def test_a_key_is_made_once(tmp_path: Path) -> None:
    told = StringIO()
    file = tmp_path / "identity"
    assert run(["key", str(file)], {}, Console(file=told, width=400)) == 0
    secret = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "AGE-SECRET-KEY-1" not in told.getvalue()
    (tmp_path / "x").write_bytes(sealer_of(tmp_path / "identity.pub").seal(b"of the shop"))
    assert opener_of(file).open(tmp_path / "x") == b"of the shop"
    assert run(["key", str(file)], {}, Console(file=told, width=400)) == 1
    assert file.read_text() == secret


def test_databases_may_be_files_of_a_folder_as_kubernetes_mounts_them(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "urls" / "..data").mkdir(parents=True)
    for name, url in here.urls.items():
        (tmp_path / "urls" / name).write_text(f"{url}\n")
    environment = here.environment() | {"AIGUY_DATABASE_URLS": "", "AIGUY_DATABASE_URLS_FOLDER": str(tmp_path / "urls")}
    told = StringIO()
    assert run(["take", str(here.backups)], environment, Console(file=told, width=400)) == 0, told.getvalue()
    assert set(read_manifest(newest(here)).services) == set(SERVICES)


def test_of_older_weeks_the_newest_is_kept(tmp_path: Path) -> None:
    days = [datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=n) for n in range(28)]  # a Monday, and four weeks
    for day in days:
        (tmp_path / f"{day:%Y%m%dT%H%M%S.%fZ}").mkdir()
    gone = drop_old(tmp_path, Keep(3, weeks=3))
    assert [one.name[:8] for one in backups_in(tmp_path)] == [
        "20260614",
        "20260621",
        "20260626",
        "20260627",
        "20260628",
    ]
    assert len(gone) == 23
    assert len(drop_old(tmp_path, Keep(1))) == 4


def test_data_that_is_there_is_only_thrown_away_when_it_is_said(here: Installation) -> None:
    here.take()
    at(here.urls["orders"], add_audit)
    code, words = here.restore()
    assert (code, "has" in words, "--replace" in words) == (1, True, True)
    assert here.ask("orders", "SELECT count(*) FROM audit") == 10
    code, words = here.restore("--replace")
    assert code == 0, words
    assert here.ask("orders", "SELECT count(*) FROM audit") == 5


def test_other_keys_are_only_overwritten_when_it_is_said(here: Installation) -> None:
    here.take()
    here.elsewhere()
    KeyFiles(here.keys).create()
    code, words = here.restore()
    assert (code, "has other keys" in words) == (1, True)


def test_a_database_that_is_in_use_is_not_touched(here: Installation) -> None:
    here.take()

    async def meanwhile(_: Connection) -> tuple[int, str]:
        return await asyncio.to_thread(here.restore, "--replace")

    code, words = at(here.urls["orders"], meanwhile)
    assert (code, "in use" in words) == (1, True)


def test_a_backup_of_newer_code_is_refused(here: Installation) -> None:
    at(here.urls["orders"], lambda db: db.execute("UPDATE alembic_version SET version_num = '9999'"))
    here.take()
    here.elsewhere()
    code, words = here.restore()
    assert (code, "orders (9999)" in words) == (1, True)


def test_a_broken_chain_is_said_and_deletes_no_older_backup(here: Installation) -> None:
    assert here.take()[0] == 0

    async def tamper(db: Connection) -> None:
        await db.execute("ALTER TABLE audit DISABLE TRIGGER ALL; UPDATE audit SET entry = 'x' WHERE seq = 1")

    at(here.urls["orders"], tamper)
    code, words = here.take("--keep", 1)
    assert (code, "BROKEN: a chain of orders audit" in words) == (1, True)
    assert len(backups_in(here.backups)) == 2


def test_so_many_are_kept(here: Installation) -> None:
    for _ in range(3):
        assert here.take("--keep", 2)[0] == 0
    found = backups_in(here.backups)
    assert len(found) == 2
    assert "1 older deleted" in here.take("--keep", 2)[1]
    assert found[0] not in backups_in(here.backups)


def test_a_database_that_is_away_leaves_the_good_backup_and_no_half_one(here: Installation) -> None:
    here.take()
    good = backups_in(here.backups)
    here.urls["orders"] = here.urls["orders"].replace("/test", "/gone_test")
    code, words = here.take("--keep", 1)
    assert (code, "the database of orders cannot be reached" in words) == (2, True)
    assert backups_in(here.backups) == good


def test_killed_in_the_middle_it_leaves_nothing_that_a_restore_would_take(here: Installation) -> None:
    """A lock on a table of the last database holds pg_dump up until the kill."""

    async def locked(db: Connection) -> None:
        async with db.transaction():
            await db.execute("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE")
            await asyncio.to_thread(take_and_be_killed, here)

    at(here.urls["billing"], locked)
    assert backups_in(here.backups) == []
    assert [one.name for one in here.backups.glob(".partial-*/*.dump.age")]
    code, words = here.restore("--replace")
    assert (code, "no finished backup" in words) == (1, True)
    assert here.take()[0] == 0
    assert list(here.backups.glob(".partial-*")) == []


def take_and_be_killed(here: Installation) -> None:
    """A process of its own, dead as soon as it has begun to write a second dump."""
    command = [sys.executable, "-m", "onebox.backup", "take", str(here.backups), "--keys", str(here.keys)]
    process = subprocess.Popen(command, env={**os.environ, **here.environment()})
    try:
        while not list(here.backups.glob(".partial-*/*.dump.age")):
            assert process.poll() is None, "it has ended by itself"
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait(30)


def test_who_was_erased_after_the_backup_is_erased_again(here: Installation) -> None:
    people = people_of(SubjectKeys(Keyring.load(KeyFiles(here.keys).master("orders"))))
    name = people.keys.name(ADA.subject)

    async def written(db: Connection) -> None:
        async with db.transaction():
            await people.keys.sealer(db, name)

    async def erased(db: Connection) -> None:
        async with db.transaction():
            await people.erase(db, ADA.issuer, ADA.subject)
            digest = digest_of({"person": name})
            await audit.record(
                db, caller=SERVICE, tool="privacy_erase", arguments_digest=digest, outcome="ok", request_id="e"
            )  # fmt: skip

    at(here.urls["orders"], written)
    here.take()
    at(here.urls["orders"], erased)
    assert "1 erasures are new" in here.do("erasures", here.backups)[1]
    here.elsewhere()
    code, words = here.restore()
    assert (code, "1 erased again" in words) == (0, True), words
    assert here.ask("orders", "SELECT count(*) FROM data_keys") == 0
    assert here.ask("orders", "SELECT count(*) FROM audit WHERE subject = 'cust_ada'") == 0
