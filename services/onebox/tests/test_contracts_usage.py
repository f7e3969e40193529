"""`aiguy contracts deprecations`: who still uses what is on its way out, and what may go (TOOLS-3)."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from contracts.tool import Deprecation
from contracts.tools.retrieval import SEARCH_KB
from onebox.cli import app
from onebox.contracts_usage import show_deprecations, standing
from servicekit import audit
from servicekit.audit.usage import WINDOW, OldCalls, Usage
from servicekit.auth import Caller, Role
from servicekit.testing.databases import TestDatabases

LIMIT = Deprecation(argument="limit", since="2026-01-01", remove_after="2026-03-01", replaced_by="top_k")
DUE = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=90)
SHOP = OldCalls("search_kb", "limit", "shop/1", 3)
NOWHERE = "postgresql://aiguy:x@127.0.0.1:9/retrieval"


def usage(*old: OldCalls, recorded_since: datetime | None = LONG_AGO) -> Usage:
    return Usage(NOW - WINDOW, {"search_kb": 100}, old, recorded_since)


def test_an_argument_that_is_due_and_that_nobody_uses_may_go() -> None:
    assert standing("search_kb", LIMIT, usage(), DUE).reasons == ()


@pytest.mark.parametrize(
    ("found", "today", "why"),
    [
        (usage(), date(2026, 3, 1), "it was promised to work until 2026-03-01"),
        (usage(SHOP), DUE, "it was used in the last 14 days"),
        (usage(recorded_since=NOW), DUE, "its use is known since 2026-03-02 only, and 14 quiet days are needed"),
        (usage(recorded_since=None), DUE, "its use is known since today only, and 14 quiet days are needed"),
        (None, DUE, "its use is not known: the service's record could not be read"),
    ],
)
def test_an_argument_stays_for_a_reason_that_is_said(found: Usage | None, today: date, why: str) -> None:
    assert standing("search_kb", LIMIT, found, today).reasons == (why,)


def test_all_reasons_are_said_at_once() -> None:
    assert len(standing("search_kb", LIMIT, usage(SHOP, recorded_since=NOW), date(2026, 2, 1)).reasons) == 3


def test_what_others_use_is_no_reason() -> None:
    others = (OldCalls("search_kb", "lang", "shop/1", 9), OldCalls("get_order", "limit", "shop/1", 9))
    assert standing("search_kb", LIMIT, usage(*others), DUE) == standing("search_kb", LIMIT, usage(), DUE)


async def _write(url: str, at: datetime, client: str, times: int, **more: object) -> None:
    connection = await asyncpg.connect(url)
    caller = Caller("cust_ada", Role.CUSTOMER, "orchestrator", frozenset(), 0.0)
    try:
        for _ in range(times):
            await audit.record(
                connection, caller=caller, tool="search_kb", arguments_digest="d" * 64, outcome="ok", request_id="r",
                now=at, client=client, **more,
            )  # fmt: skip
    finally:
        await connection.close()


@pytest.fixture
def url(postgres_server: TestDatabases) -> str:
    """The record of a retrieval service that has run for a year."""
    made = postgres_server.create("retrieval")
    asyncio.run(_write(made, datetime.now(UTC) - timedelta(days=365), "shop/1", 5, old_shape=("limit",)))
    return made


def run(urls: dict[str, str]) -> tuple[int, str]:
    answer = CliRunner().invoke(
        app, ["contracts", "deprecations"], env={"AIGUY_DATABASE_URLS": json.dumps(urls), "COLUMNS": "200"}
    )
    return answer.exit_code, answer.output


@pytest.mark.service
def test_the_command_names_the_clients_and_counts_their_calls(url: str) -> None:
    now = datetime.now(UTC)
    asyncio.run(_write(url, now, "shop/1", 2, old_shape=("limit",)))
    asyncio.run(_write(url, now, "shop/[2]", 1, old_shape=("limit",)))
    asyncio.run(_write(url, now, "shop/3", 4))
    code, output = run({"retrieval": url})
    assert code == 0
    assert "search_kb limit: deprecated since 2026-11-21, use top_k" in output
    assert "'shop/1' used it 2 times in the last 14 days" in output
    assert "'shop/[2]' used it 1 times" in output
    assert "shop/3" not in output
    assert "must stay: " in output
    assert "it was used in the last 14 days" in output


@pytest.mark.service
def test_the_command_says_what_may_be_removed(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    last_day = date.fromisoformat(SEARCH_KB.deprecations[0].remove_after)
    later = datetime(last_day.year, last_day.month, last_day.day, tzinfo=UTC) + timedelta(days=365)
    assert show_deprecations({"retrieval": url}, later, Console(width=200)) == 0
    assert "may be removed: set `removed=True` in its contract" in capsys.readouterr().out


def test_a_record_that_cannot_be_read_lets_nothing_go() -> None:
    code, output = run({"retrieval": NOWHERE})
    assert code == 2
    assert "its use is not known" in output


def test_without_a_deprecation_there_is_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_deprecations({}, NOW, Console(width=200), contracts=()) == 0
    assert "No argument is deprecated." in capsys.readouterr().out
