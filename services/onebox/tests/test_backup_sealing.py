"""What a backup is sealed with: nobody reads it, and what was changed or cut off is found and named."""

import asyncio
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from rich.console import Console

from onebox.backup.__main__ import run
from onebox.backup.errors import BackupError, Refused
from onebox.backup.folder import backups_in
from onebox.backup.manifest import Stored, dump_of, read_manifest, stored, write_manifest
from onebox.backup.programs import load
from onebox.backup.sealing import make_identity, opener_of, sealer_of

from .installation import Installation, add_audit, at, newest

pytestmark = pytest.mark.service


def flip(file: Path) -> None:
    """One bit in the middle is another."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


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
