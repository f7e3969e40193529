"""`aiguy switch` works on the database alone: nothing else has to run."""

import asyncio
import json
from collections.abc import Callable

import asyncpg
import pytest
from typer.testing import CliRunner

from onebox.audit_databases import VARIABLE
from onebox.cli import app

pytestmark = pytest.mark.service
WHY = ["--reason", "for a test", "--by", "kim"]


@pytest.fixture
def aiguy(database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """`aiguy("list")`: the exit code, and what was printed."""
    monkeypatch.setenv(VARIABLE, json.dumps({"orchestrator": database_url("orchestrator")}))

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["switch", *arguments])
        return done.exit_code, done.output

    return run


def test_a_tool_is_switched_off_and_on_and_each_is_told_audited_and_listed(
    aiguy: Callable[..., tuple[int, str]], database_url: Callable[[str], str]
) -> None:
    assert aiguy("off", "issue_refund", *WHY) == (0, "issue_refund: on -> off.\n")
    assert aiguy("off", "issue_refund", *WHY) == (0, "issue_refund is off already.\n")
    code, listed = aiguy("list")
    assert code == 0
    assert "tool     issue_refund is off since" in listed
    assert "issue_refund: on -> off, by kim: for a test" in listed
    assert aiguy("on", "issue_refund", *WHY)[0] == 0
    assert asyncio.run(audited(database_url("orchestrator"))) == [("switch_off", "kim"), ("switch_on", "kim")]


async def audited(url: str) -> list[tuple[str, str]]:
    db = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await db.fetch("SELECT tool, subject FROM audit ORDER BY at")]
    finally:
        await db.close()


def test_an_alias_is_the_tool_and_a_channel_has_shadow_mode(aiguy: Callable[..., tuple[int, str]]) -> None:
    assert aiguy("off", "read_kb", "--channel", "email", *WHY) == (0, "search_kb in email: on -> off.\n")
    assert aiguy("shadow", "email", *WHY) == (0, "email: on -> shadow.\n")
    assert "channel  email      shadow" in aiguy("list")[1]
    assert aiguy("on", "--channel", "email", *WHY)[0] == 0
    assert aiguy("on", "search_kb", "--channel", "email", *WHY)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["off", "isue_refund"], "no tool of that name"),
        (["off", "handoff_human"], "always be reached"),
        (["off"], "Name a tool"),
        (["phase", "nowhere"], "no such phase"),
    ],
)
def test_what_cannot_be_switched_is_refused_in_words(
    aiguy: Callable[..., tuple[int, str]], arguments: list[str], words: str
) -> None:
    code, told = aiguy(*arguments, *WHY)
    assert (code, words in told) == (1, True), told


def test_a_strangers_tool_is_switched_when_one_says_that_it_is_one(aiguy: Callable[..., tuple[int, str]]) -> None:
    assert aiguy("off", "lend_tent", "--unknown", *WHY) == (0, "lend_tent: on -> off.\n")
    assert aiguy("on", "lend_tent", "--unknown", *WHY)[0] == 0


def test_a_gate_that_is_not_met_needs_an_override(aiguy: Callable[..., tuple[int, str]]) -> None:
    assert aiguy("phase", "faq", *WHY) == (0, "phase: channels -> faq.\n")
    code, told = aiguy("phase", "orders", *WHY)
    assert (code, "The gate is not met (orders: turns" in told) == (1, True)
    assert aiguy("phase", "orders", "--override", *WHY) == (
        0, "phase: faq -> orders although its gate is not met.\n",
    )  # fmt: skip
    assert "gate of tickets: turns 0, wanted at least 200: not met" in aiguy("list")[1]
    assert aiguy("phase", "channels", "--override", *WHY)[0] == 0


def test_without_the_database_nothing_is_switched_and_that_is_said(
    aiguy: Callable[..., tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, json.dumps({"orchestrator": "postgresql://nobody@127.0.0.1:1/none"}))
    for arguments in (["list"], ["off", "issue_refund", *WHY]):
        code, told = aiguy(*arguments)
        assert (code, "the database did not answer" in told) == (2, True), told
