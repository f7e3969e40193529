"""Backups of real databases: what is in them, what is refused, and what comes back."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from onebox.backup.__main__ import run
from onebox.backup.folder import Keep, backups_in, drop_old
from onebox.backup.manifest import read_manifest
from onebox.keys import KeyFiles
from orders.people import people_of
from servicekit import audit
from servicekit.crypto import Keyring
from servicekit.encoding import digest_of
from servicekit.sealing.subjects import SubjectKeys

from .installation import ADA, SERVICE, SERVICES, Connection, Installation, add_audit, at, newest

pytestmark = pytest.mark.service


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
