"""Chains: every edit, deletion, insertion and swap is named, and a cut-off tail shows against a checkpoint."""

import copy
import hashlib
import os
import random
import subprocess
import sys
from datetime import UTC, datetime

import asyncpg
import pytest

from servicekit.audit import AUDIT
from servicekit.audit.record import subject_hash
from servicekit.chain import GENESIS, Break, ChainFold, Head, verify_ledger
from servicekit.chain.checkpoint import CheckpointUnread, read_checkpoint, write_checkpoint
from servicekit.encoding import canonical_json

LENGTH = 10_000
AT = datetime(2026, 3, 2, tzinfo=UTC)
SALT = b"0123456789abcdef"


def row(seq, previous, *, request_id, chain="0"):
    entry = canonical_json({
        "at": AT.isoformat(), "tool": "t", "outcome": "ok", "request_id": request_id,
        "subject_hash": subject_hash(SALT, "a"),
    })  # fmt: skip
    hashed = hashlib.sha256(previous + f"{chain}|{seq}\n".encode() + entry).digest()
    return (chain, seq, previous, hashed, entry, AT, "t", "ok", request_id, "a", SALT)


def chain_of(count, chain="0"):
    previous, rows = GENESIS, []
    for seq in range(1, count + 1):
        rows.append(row(seq, previous, request_id=f"r{seq}", chain=chain))
        previous = rows[-1][3]
    return rows


def head_of(rows):
    return {rows[-1][0]: Head(rows[-1][1], rows[-1][3])}


def fold(rows, heads, checkpoint=None):
    folded = ChainFold(AUDIT, heads, checkpoint)
    folded.add(rows)
    folded.end()
    return folded


@pytest.fixture(scope="module")
def rows():
    return chain_of(LENGTH)


def edits(one):
    """A row changed in each of its columns, and in several ways in its entry."""
    other = (
        "1", one[1], os.urandom(32), os.urandom(32), one[4].replace(b'"ok"', b'"no"'), AT.replace(hour=1), "u", "no",
        "x", "b", b"y",
    )  # fmt: skip
    for column in range(2, len(one)):
        yield (*one[:column], other[column], *one[column + 1 :])
    yield (*one[:4], one[4] + b" ", *one[5:])
    # As somebody would who knows how hashes are made, and cannot change the entries behind it.
    edited = one[4].replace(b'"ok"', b'"no"')
    hashed = hashlib.sha256(one[2] + f"0|{one[1]}\n".encode() + edited).digest()
    yield (*one[:3], hashed, edited, *one[5:7], "no", *one[8:])


def test_all_single_edits_deletions_insertions_and_swaps_in_ten_thousand_entries_are_named(rows):
    """A fold's verdict depends on what came before only through its state, so each change is tried from there on."""
    heads, so_far = head_of(rows), ChainFold(AUDIT, head_of(rows))

    def named(changed, place):
        """The break, when the rows from `place` on are these, and then the ones that really follow."""
        tried = copy.copy(so_far)
        tried.breaks, tried.ends = [], {}
        tried.add(changed)
        tried.end()
        assert len(tried.breaks) == 1
        return tried.breaks[0].seq

    tried = 0
    for place, one in enumerate(rows):
        seq, behind = place + 1, rows[place + 1 : place + 3]
        last = not behind
        for edited in edits(one):
            assert named([edited, *behind], place) in (seq, seq + 1)
            tried += 1
        assert named(behind, place) == seq, "deleted"
        inserted = row(seq, one[2], request_id="forged")
        assert named([inserted, one, *behind], place) in (seq, seq + 1)
        moved_on = [(*later[:1], later[1] + 1, *later[2:]) for later in (one, *behind)]
        assert named([inserted, *moved_on], place) in (seq, seq + 1)
        if not last:
            following = behind[0]
            assert named([following, one], place) == seq, "swapped as they are"
            swapped = [(*one[:2], *following[2:]), (*following[:2], *one[2:])]
            assert named(swapped, place) == seq, "swapped, each with the other's number"
        so_far.add([one])
        tried += 5
    so_far.end()
    assert so_far.breaks == []
    assert (so_far.entries, so_far.ends) == (LENGTH, heads)
    assert tried > 10 * LENGTH


def test_a_cut_tail_is_named_by_the_head_and_without_it_by_the_checkpoint(rows):
    cut = rows[:-10]
    assert fold(cut, head_of(rows)).breaks == [Break("0", LENGTH - 9, "cut off")]
    assert fold(cut, head_of(cut)).breaks == [], "the database alone cannot know"
    assert fold(cut, head_of(cut), head_of(rows)).breaks == [Break("0", LENGTH - 9, "cut off since the checkpoint")]


def test_a_history_that_was_written_anew_differs_from_the_checkpoint(rows):
    forged = chain_of(20, chain="0")
    forged[9] = row(10, forged[8][3], request_id="forged")
    for place in range(10, 20):
        forged[place] = row(place + 1, forged[place - 1][3], request_id=f"r{place + 1}")
    assert fold(forged, head_of(forged)).breaks == []
    known = {"0": Head(15, rows[14][3])}
    assert fold(forged, head_of(forged), known).breaks == [Break("0", 15, "differs from the checkpoint")]


def test_chains_are_judged_one_by_one(rows):
    good, bad, gone = chain_of(5, "1"), chain_of(5, "2"), chain_of(5, "3")
    heads = head_of(good) | head_of(bad) | head_of(gone) | {"4": Head(0, GENESIS)}
    checkpoint = {"5": Head(2, good[1][3])}
    folded = fold([*good, *bad[:2], *bad[3:]], heads, checkpoint)
    assert folded.breaks == [
        Break("2", 3, "missing"),
        Break("3", 1, "cut off"),
        Break("5", 1, "the whole chain is missing"),
    ]
    assert folded.ends["1"] == heads["1"]


def test_a_chain_without_a_head_is_named(rows):
    assert fold(rows[:3], {}).breaks == [Break("0", 3, "its head is missing")]


def test_a_checkpoint_is_read_as_it_was_written(tmp_path, rows):
    file = tmp_path / "checkpoint.json"
    assert read_checkpoint(file) == {}
    write_checkpoint(file, {"audit": head_of(rows)})
    assert read_checkpoint(file) == {"audit": head_of(rows)}
    assert [found.name for found in tmp_path.iterdir()] == ["checkpoint.json"]


@pytest.mark.parametrize(
    "content", ["", "[]", "5", '{"audit": 1}', '{"audit": {"0": [1]}}', '{"audit": {"0": [1, "x"]}}']
)
def test_a_file_that_is_no_checkpoint_is_never_taken_for_an_empty_one(tmp_path, content):
    file = tmp_path / "checkpoint.json"
    file.write_text(content)
    with pytest.raises(CheckpointUnread):
        read_checkpoint(file)


INSERT = (
    "INSERT INTO audit (chain, seq, prev_hash, hash, entry, at, tool, outcome, request_id, subject, salt)"
    " VALUES ($1::text::smallint, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
)


@pytest.fixture(scope="module")
def filled(postgres_server):
    """URL of a database whose audit has one chain of ten thousand entries."""
    return postgres_server.create("servicekit.testing.sample")


@pytest.fixture
async def connection(filled, rows):
    opened = await asyncpg.connect(filled)
    await opened.execute("SET session_replication_role = replica")  # as somebody could who owns the server
    await opened.execute("TRUNCATE audit")
    await opened.executemany(INSERT, rows)
    await opened.execute("UPDATE audit_heads SET seq = $1, hash = $2 WHERE chain = 0", LENGTH, rows[-1][3])
    yield opened
    await opened.close()


@pytest.mark.service
async def test_what_is_changed_in_the_database_is_named(connection, rows):
    """A seeded sample, for each is a whole verification; all places are tried above."""
    chance = random.Random(20260302)
    good = await verify_ledger(connection, AUDIT)
    assert (good.ok, good.entries) == (True, LENGTH)
    for place in chance.sample(range(1, LENGTH - 1), 6):
        seq = place + 1
        for change in (
            "UPDATE audit SET entry = set_byte(entry, 8, 65) WHERE seq = $1",
            "DELETE FROM audit WHERE seq = $1",
            "UPDATE audit a SET entry = b.entry FROM audit b WHERE a.seq = $1 AND b.seq = $1 + 1",
        ):
            await connection.execute(change, seq)
            report = await verify_ledger(connection, AUDIT)
            assert [(broken.chain, broken.seq) for broken in report.breaks] == [("0", seq)], change
            await connection.execute("DELETE FROM audit WHERE seq = $1", seq)
            await connection.execute(INSERT, *rows[place])
    assert (await verify_ledger(connection, AUDIT)).ok


@pytest.mark.service
async def test_one_chain_can_be_verified_by_itself(connection):
    assert (await verify_ledger(connection, AUDIT, chain="0")).entries == LENGTH
    assert (await verify_ledger(connection, AUDIT, chain="1")).entries == 0


def run(url, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "servicekit.audit.verify", *arguments],
        env={**os.environ, "AIGUY_DATABASE_URL": url}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_database_that_cannot_be_read_is_not_a_broken_chain():
    unread = run("postgresql://nobody@127.0.0.1:1/none")
    assert (unread.returncode, unread.stdout) == (2, "")
    assert "cannot be read" in unread.stderr
    assert "Traceback" not in unread.stderr


@pytest.mark.service
async def test_the_command_keeps_a_checkpoint_and_fails_on_a_break(connection, filled, rows, tmp_path):
    file = tmp_path / "checkpoint.json"
    good = run(filled, "--checkpoint", str(file))
    assert (good.returncode, read_checkpoint(file)) == (0, {"audit": head_of(rows)})
    assert "10,000 entries in 1 chains" in good.stdout
    await connection.execute("DELETE FROM audit WHERE seq > 9000")
    await connection.execute("UPDATE audit_heads SET seq = 9000, hash = $1 WHERE chain = 0", rows[8999][3])
    assert run(filled).returncode == 0
    bad = run(filled, "--checkpoint", str(file))
    assert bad.returncode == 1
    assert "audit, chain 0, entry 9001: cut off since the checkpoint" in bad.stdout
    assert read_checkpoint(file) == {"audit": head_of(rows)}, "a checkpoint is never renewed by what broke it"
