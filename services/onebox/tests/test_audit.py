"""`aiguy audit verify`: every chain of the stack is looked at, and what is wrong is named."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from onebox.cli import app
from onebox.ports import TOOL_SERVICES
from onebox.stack import SERVICES
from servicekit import audit
from servicekit.auth import Caller, Role
from servicekit.chain import GENESIS
from servicekit.testing.databases import TestDatabases

pytestmark = pytest.mark.service
ADA = Caller("cust_ada", Role.CUSTOMER, "orchestrator", frozenset(), 0.0)
NOWHERE = "postgresql://aiguy:x@127.0.0.1:9/aiguy"
LENGTH = 5
Urls = dict[str, str]


def run(work: Callable[["asyncpg.Connection[asyncpg.Record]"], Coroutine[Any, Any, None]], url: str) -> None:
    """Does `work` on a connection that no trigger and no foreign key hinders: somebody who owns the server."""

    async def on_connection() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("SET session_replication_role = replica")
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(on_connection())


async def write_audit(db: "asyncpg.Connection[asyncpg.Record]") -> None:
    for number in range(LENGTH):
        await audit.record(
            db, caller=ADA, tool="t", arguments_digest="d" * 64, outcome="ok", request_id=f"r{number}"
        )  # fmt: skip


async def write_journal(db: "asyncpg.Connection[asyncpg.Record]") -> None:
    before = GENESIS
    for seq in range(1, LENGTH + 1):
        hashed = hashlib.sha256(before + f"cnv_1|{seq}|trn_1|{seq}|guarded|{seq}\n".encode() + b"sealed").digest()
        await db.execute(
            "INSERT INTO journal (conversation_id, seq, prev_hash, hash, turn_id, turn_seq, kind, at_ms, payload)"
            " VALUES ('cnv_1', $1, $2, $3, 'trn_1', $4, 'guarded', $1, 'sealed')", seq, before, hashed, seq,
        )  # fmt: skip
        before = hashed
    await db.execute(
        "INSERT INTO conversations (id, issuer, subject_hash, identity, customer, channel, key_id, head_seq, head_hash)"
        " VALUES ('cnv_1', 'i', 'h', '', true, 'web', 'k', $1, $2)", LENGTH, before,
    )  # fmt: skip


async def write_refunds(db: "asyncpg.Connection[asyncpg.Record]") -> None:
    before = GENESIS
    for seq, kind in enumerate(("requested", "confirmed", "approved", "submitted", "succeeded"), 1):
        hashed = hashlib.sha256(before + f"cnv_1|{seq}|rfd_1|{kind}|{seq}|policy\n{{}}".encode()).digest()
        await db.execute(
            "INSERT INTO refund_events (conversation_id, seq, refund_request_id, kind, at_ms, who, details, prev_hash,"
            " hash) VALUES ('cnv_1', $1, 'rfd_1', $2, $1, 'policy', '{}', $3, $4)", seq, kind, before, hashed,
        )  # fmt: skip
        before = hashed
    await db.execute("INSERT INTO refund_heads VALUES ('cnv_1', $1, $2)", LENGTH, before)


@pytest.fixture
def urls(postgres_server: TestDatabases) -> Urls:
    """The databases of a stack in which a little has happened everywhere."""
    made = {name: postgres_server.create(name) for name in SERVICES}
    for name in TOOL_SERVICES:
        run(write_audit, made[name])
    run(write_journal, made["orchestrator"])
    run(write_refunds, made["billing"])
    return made


def verify(urls: Urls, *arguments: object) -> Result:
    environment = {"AIGUY_DATABASE_URLS": json.dumps(urls), "COLUMNS": "200"}
    return CliRunner().invoke(app, ["audit", "verify", *map(str, arguments)], env=environment)


def tamper(url: str, *statements: str) -> None:
    async def work(db: "asyncpg.Connection[asyncpg.Record]") -> None:
        for statement in statements:
            status = await db.execute(statement)
            assert not status.endswith(" 0"), statement

    run(work, url)


def test_an_untouched_stack_is_good_and_everything_is_counted(urls: Urls) -> None:
    answer = verify(urls)
    assert answer.exit_code == 0, answer.output
    for name in ("orchestrator journal", "billing refund events", "orders audit", "billing audit", "tickets audit"):
        assert f"  {name}: 5 entries in " in answer.output
    assert "VERDICT: all chains hold (30 entries in " in answer.output


@pytest.mark.parametrize(
    ("service", "statement", "named"),
    [
        ("orchestrator", "UPDATE journal SET payload = 'forged' WHERE seq = 3",
         "orchestrator journal, chain cnv_1, entry 3: changed"),
        ("orchestrator", "DELETE FROM journal WHERE seq = 2", "orchestrator journal, chain cnv_1, entry 2: missing"),
        ("orchestrator", "DELETE FROM journal WHERE seq = 5", "orchestrator journal, chain cnv_1, entry 5: cut off"),
        ("billing", "UPDATE refund_events SET kind = 'denied' WHERE seq = 3",
         "billing refund events, chain cnv_1, entry 3: changed"),
        ("billing", "UPDATE refund_events SET who = 'staff_eve' WHERE seq = 1",
         "billing refund events, chain cnv_1, entry 1: changed"),
        ("billing", "DELETE FROM refund_events", "billing refund events, chain cnv_1, entry 1: cut off"),
        ("tickets", "UPDATE audit SET outcome = 'forbidden' WHERE request_id = 'r2'",
         "a column differs from the entry"),
    ],
)  # fmt: skip
def test_a_row_that_was_touched_is_named(urls: Urls, service: str, statement: str, named: str) -> None:
    tamper(urls[service], statement)
    answer = verify(urls)
    assert answer.exit_code == 1
    assert named in answer.output
    assert "VERDICT: 1 chains are BROKEN" in answer.output


def test_a_tail_that_was_cut_with_its_head_shows_against_a_checkpoint_alone(urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    first = verify(urls, "--checkpoint", file)
    kept = file.read_bytes()
    assert first.exit_code == 0
    assert "There was none before" in first.output
    tamper(
        urls["billing"],
        "DELETE FROM refund_events WHERE seq > 3",
        "UPDATE refund_heads SET seq = 3, hash = (SELECT hash FROM refund_events WHERE seq = 3)",
    )
    assert verify(urls).exit_code == 0, "the databases alone cannot know"
    answer = verify(urls, "--checkpoint", file)
    assert answer.exit_code == 1
    assert "billing refund events, chain cnv_1, entry 4: cut off since the checkpoint" in answer.output
    assert file.read_bytes() == kept


def test_a_checkpoint_moves_on_with_the_stack(urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    assert verify(urls, "--checkpoint", file).exit_code == 0
    before = json.loads(file.read_bytes())
    run(write_audit, urls["orders"])
    answer = verify(urls, "--checkpoint", file)
    after = json.loads(file.read_bytes())
    assert answer.exit_code == 0
    assert "There was none before" not in answer.output
    assert before.keys() == after.keys()
    assert before["orders audit"] != after["orders audit"]


def test_a_database_that_cannot_be_reached_is_no_good_news_and_hides_no_break(urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    answer = verify({**urls, "tickets": NOWHERE}, "--checkpoint", file)
    assert answer.exit_code == 2
    assert "tickets audit: could not be read (ConnectionRefusedError)" in answer.output
    assert "VERDICT: no broken chain (25 entries" in answer.output
    assert "; 1 of 7 tables could not be looked at" in answer.output
    assert not file.exists()
    tamper(urls["orchestrator"], "DELETE FROM journal WHERE seq = 2")
    assert verify({**urls, "tickets": NOWHERE}).exit_code == 1


def test_a_table_that_is_gone_is_not_passed_over(urls: Urls) -> None:
    tamper(urls["billing"], "DROP TABLE refund_events")
    answer = verify(urls)
    assert answer.exit_code == 2
    assert "billing refund events: could not be read (UndefinedTableError)" in answer.output


def test_what_the_checkpoint_knows_must_be_looked_at(urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    assert verify(urls, "--checkpoint", file).exit_code == 0
    answer = verify({name: url for name, url in urls.items() if name != "billing"}, "--checkpoint", file)
    assert answer.exit_code == 2
    assert "billing refund events: is in the checkpoint, and was not looked at" in answer.output


def test_a_checkpoint_that_cannot_be_read_ends_it(urls: Urls, tmp_path: Path) -> None:
    file = tmp_path / "checkpoint.json"
    file.write_text("{}]")
    answer = verify(urls, "--checkpoint", file)
    assert answer.exit_code == 2
    assert "is no checkpoint that can be read" in answer.output


def test_a_checkpoint_that_cannot_be_written_is_no_success(urls: Urls, tmp_path: Path) -> None:
    answer = verify(urls, "--checkpoint", tmp_path / "nowhere" / "checkpoint.json")
    assert answer.exit_code == 2
    assert "could not be written (No such file or directory)" in answer.output


@pytest.mark.parametrize(
    "given",
    [
        "", "[]", "{}", '{"orders": 1}', '{"shop": "postgresql://x"}', '{"orders": "mysql://x/y"}',
        '{"orders": "postgresql://x:port/y"}', '{"orders": "postgresql://[x/y"}', '{"orders": "nonsense"}',
    ],
)  # fmt: skip
def test_without_databases_it_says_what_to_do(given: str, tmp_path: Path) -> None:
    environment = {"AIGUY_DATABASE_URLS": given, "AIGUY_HOME": str(tmp_path), "AIGUY_DATABASE_URL": ""}
    answer = CliRunner().invoke(app, ["audit", "verify"], env=environment)
    assert answer.exit_code == 2
    assert "AIGUY_DATABASE_URLS" in answer.output
