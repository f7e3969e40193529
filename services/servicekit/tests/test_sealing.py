"""Data keys of people: what they seal opens only where it belongs, through rotations, until they are destroyed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from servicekit.clock import SystemClock
from servicekit.crypto import Keyring, KeyUnavailable, SealError
from servicekit.db.pool import Database
from servicekit.embedded.files import write_private
from servicekit.sealing.__main__ import run
from servicekit.sealing.keyfile import KeyringFile
from servicekit.sealing.retire import KeyInUse, retire
from servicekit.sealing.rewrap import PEOPLE, rewrap, uses
from servicekit.sealing.subjects import SubjectKeys
from servicekit.testing import eventually

pytestmark = pytest.mark.service
COLUMN = "notes.text"
_DATA_KEYS = Path(__file__).parents[1] / "src/servicekit/db/sql/data_keys.sql"
_BLOCKED = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
async def db(database_url: Callable[[str | None], str]) -> AsyncIterator[Database]:
    """A database with data keys, and notes that are sealed with them."""
    database = await Database.connect(database_url(None), size=10)
    async with database.primary() as connection:
        await connection.execute("DROP TABLE IF EXISTS data_keys, notes")
        await connection.execute(_DATA_KEYS.read_text())
        await connection.execute("CREATE TABLE notes (id text PRIMARY KEY, subject text NOT NULL, text bytea NOT NULL)")
    yield database
    await database.close()


@pytest.fixture
def ring() -> Keyring:
    return Keyring.generate()


async def test_a_value_opens_for_its_own_row_column_and_person_only(db: Database, ring: Keyring) -> None:
    keys = SubjectKeys(ring)
    async with db.transaction() as connection:
        ada = await keys.sealer(connection, keys.name("ada"))
        ben = await keys.sealer(connection, keys.name("ben"))
        again = await keys.opener(connection, keys.name("ada"))
    sealed = ada.seal(COLUMN, "1", "Ring at Zimmermann.")
    assert again is not None
    assert again.open(COLUMN, "1", sealed) == "Ring at Zimmermann."
    for opener, column, row_id in ((ada, COLUMN, "2"), (ada, "notes.other", "1"), (ben, COLUMN, "1")):
        with pytest.raises(SealError):
            opener.open(column, row_id, sealed)
    for place in range(len(sealed)):
        changed = bytes(byte ^ (index == place) for index, byte in enumerate(sealed))
        with pytest.raises(SealError):
            ada.open(COLUMN, "1", changed)


async def test_two_rows_of_data_keys_that_are_swapped_open_nothing(db: Database, ring: Keyring) -> None:
    keys = SubjectKeys(ring)
    async with db.transaction() as connection:
        for name in ("ada", "ben"):
            await keys.sealer(connection, keys.name(name))
        await connection.execute(
            "UPDATE data_keys a SET wrapped = b.wrapped FROM data_keys b WHERE a.subject_hash <> b.subject_hash"
        )
        with pytest.raises(SealError):
            await keys.sealer(connection, keys.name("ada"))


async def test_another_installation_s_master_key_opens_nothing(db: Database, ring: Keyring) -> None:
    keys, other = SubjectKeys(ring), SubjectKeys(Keyring.generate())
    async with db.transaction() as connection:
        await keys.sealer(connection, keys.name("ada"))
        with pytest.raises(SealError):
            await other.opener(connection, keys.name("ada"))
    assert other.name("ada") != keys.name("ada")


async def test_an_erasure_waits_for_a_writer_and_the_next_write_has_a_new_key(db: Database, ring: Keyring) -> None:
    keys = SubjectKeys(ring)
    name = keys.name("ada")
    async with db.transaction() as connection:
        await keys.sealer(connection, name)

    async def erased() -> int:
        async with db.transaction() as connection:
            await keys.destroy(connection, name)
            done: str = await connection.execute("DELETE FROM notes WHERE subject = $1", name)
        return int(done.split()[1])

    async with db.transaction() as connection:
        sealer = await keys.sealer(connection, name)
        erasing = asyncio.create_task(erased())
        async with db.primary() as beside:
            await eventually(lambda: beside.fetchval(_BLOCKED))
        await connection.execute("INSERT INTO notes VALUES ('1', $1, $2)", name, sealer.seal(COLUMN, "1", "late"))
    assert await erasing == 1
    async with db.transaction() as connection:
        assert (await keys.sealer(connection, name)).key != sealer.key


async def test_keys_are_rotated_and_rewrapped_while_eight_write_and_read(
    db: Database, ring: Keyring, tmp_path: Path
) -> None:
    path = tmp_path / "master.json"
    write_private(path, ring.to_json())
    done = asyncio.Event()

    async def client(number: int) -> int:
        # Each with a file of its own: eight processes.
        keys, count = SubjectKeys(KeyringFile(path, SystemClock())), 0
        while not done.is_set():
            name = keys.name(f"person {(number + count) % 12}")
            row_id = f"{number}-{count}"
            async with db.transaction() as connection:
                sealer = await keys.sealer(connection, name)
                sealed = sealer.seal(COLUMN, row_id, f"said by {row_id}")
                await connection.execute("INSERT INTO notes VALUES ($1, $2, $3)", row_id, name, sealed)
            async with db.primary() as connection:
                opener = await keys.opener(connection, name)
                assert opener is not None
                stored = await connection.fetchval("SELECT text FROM notes WHERE id = $1", row_id)
            assert opener.open(COLUMN, row_id, stored) == f"said by {row_id}"
            count += 1
        return count

    async def rotating() -> None:
        current = ring
        for number in range(2, 6):
            current = current.rotated(f"k{number}")
            write_private(path, current.to_json())
            async with db.primary() as connection:
                await rewrap(connection, PEOPLE, current, batch=5)
            await asyncio.sleep(0.02)
        done.set()

    *counts, _ = await asyncio.gather(*(client(number) for number in range(8)), rotating())
    assert all(counts)
    last = Keyring.load(path)
    async with db.primary() as connection:
        # Those who had not looked again yet wrapped new keys under an older one.
        assert (await rewrap(connection, PEOPLE, last)).unreadable == 0
        assert [await uses(connection, PEOPLE, name) for name in last.names] == [0, 0, 0, 0, 12]
        keys = SubjectKeys(Keyring("k5", {"k5": last._keys["k5"]}, last._root))
        rows = await connection.fetch("SELECT * FROM notes")
        openers = await keys.openers(connection, {row["subject"] for row in rows})
    assert len(rows) == sum(counts)
    for row in rows:
        assert openers[row["subject"]].open(COLUMN, row["id"], row["text"]) == f"said by {row['id']}"


async def test_what_cannot_be_unwrapped_is_counted_and_left_as_it_is(db: Database, ring: Keyring) -> None:
    keys = SubjectKeys(ring)
    async with db.transaction() as connection:
        for number in range(7):
            await keys.sealer(connection, keys.name(f"person {number}"))
        await connection.execute("UPDATE data_keys SET key_id = 'lost' WHERE subject_hash = $1", keys.name("person 3"))
    rotated = ring.rotated("k2")
    async with db.primary() as connection:
        before = await connection.fetchval("SELECT wrapped FROM data_keys WHERE key_id = 'lost'")
        found = await rewrap(connection, PEOPLE, rotated, batch=2)
        assert (found.done, found.unreadable) == (6, 1)
        assert await connection.fetchval("SELECT wrapped FROM data_keys WHERE key_id = 'lost'") == before
        with pytest.raises(KeyUnavailable):
            await keys.opener(connection, keys.name("person 3"))


async def test_a_key_in_use_is_not_taken_out_also_when_it_is_used_meanwhile(ring: Keyring, tmp_path: Path) -> None:
    path = tmp_path / "master.json"
    write_private(path, ring.rotated("k2").to_json())
    for answers in ([3], [0, 1]):
        counted = iter(answers)

        async def count(counted=counted) -> int:  # type: ignore[no-untyped-def]
            # Whoever is killed here has lost nothing: the key is in the file until nobody can need it.
            assert Keyring.load(path).names == ("k1", "k2")
            return next(counted)

        with pytest.raises(KeyInUse):
            await retire(path, "k1", count, settle_s=0)
        assert Keyring.load(path).names == ("k1", "k2")

    async def none() -> int:
        return 0

    with pytest.raises(ValueError, match="active"):
        await retire(path, "k2", none, settle_s=0)
    await retire(path, "k1", none, settle_s=0)
    assert Keyring.load(path).names == ("k2",)
    assert Keyring.load(path).same_root(ring)


def test_a_database_that_is_not_ours_is_told(
    tmp_path: Path, database_url: Callable[[str | None], str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "master.json"
    environment = {"AIGUY_MASTER_KEY_FILE": str(path), "AIGUY_DATABASE_URL": database_url(None)}
    assert run(["create"], environment) == 0
    assert run(["rewrap", "--table", "conversations"], environment) == 2
    assert "the database cannot be asked (UndefinedTableError)" in capsys.readouterr().out


async def test_the_command_of_one_service_rotates_rewraps_and_tells_what_is_in_use(
    db: Database, tmp_path: Path, database_url: Callable[[str | None], str]
) -> None:
    path = tmp_path / "master.json"
    environment = {"AIGUY_MASTER_KEY_FILE": str(path), "AIGUY_DATABASE_URL": database_url(None)}
    assert [run(["create"], environment) for _ in range(2)] == [0, 0]
    keys = SubjectKeys(Keyring.load(path))
    async with db.transaction() as connection:
        sealer = await keys.sealer(connection, keys.name("ada"))
    commands = (("rotate", "k2"), ("uses", "k1"), ("rewrap",), ("uses", "k1"))
    codes = [await asyncio.to_thread(run, command, environment) for command in commands]
    assert codes == [0, 1, 0, 0]
    async with db.primary() as connection:
        opener = await SubjectKeys(Keyring.load(path)).opener(connection, keys.name("ada"))
    assert opener == sealer
