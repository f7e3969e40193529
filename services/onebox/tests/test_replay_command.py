"""`aiguy replay`: what cannot be replayed is said in words, with a code of its own."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from onebox.cli import app
from onebox.home import Home
from onebox.keys import KeyFiles
from servicekit.testing.databases import TestDatabases

NOWHERE = "postgresql://aiguy:x@127.0.0.1:9/aiguy"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The AIGUY_HOME of a stack that has its keys."""
    home = Home(tmp_path / "onebox")
    home.create()
    KeyFiles(home.keys).create()
    return tmp_path


def asked(folder: Path, url: str, *arguments: str) -> Result:
    environment = {
        "AIGUY_HOME": str(folder), "AIGUY_DATABASE_URLS": json.dumps({"orchestrator": url}), "COLUMNS": "200"
    }  # fmt: skip
    return CliRunner().invoke(app, ["replay", *arguments], env=environment)


@pytest.mark.service
def test_an_unknown_turn_and_an_unknown_conversation_are_named(folder: Path, postgres_server: TestDatabases) -> None:
    url = postgres_server.create("orchestrator")
    answer = asked(folder, url, "trn_1")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (2, "", "There is no turn trn_1.\n")
    answer = asked(folder, url, "--conversation", "cnv_1")
    assert (answer.exit_code, answer.stderr) == (2, "There is no conversation cnv_1.\n")


@pytest.mark.service
def test_days_without_a_turn_are_no_failure(folder: Path, postgres_server: TestDatabases) -> None:
    answer = asked(folder, postgres_server.create("orchestrator"), "--since", "2026-11-01", "--until", "2026-11-30")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "VERDICT: all 0 turns are identical" in answer.stdout


def test_a_database_that_is_away_is_said_without_its_password(folder: Path) -> None:
    answer = asked(folder, NOWHERE, "trn_1")
    assert answer.exit_code == 2
    assert "database cannot be asked" in answer.stderr
    assert "aiguy:x" not in answer.output


def test_without_the_master_key_nothing_is_read(tmp_path: Path) -> None:
    answer = asked(tmp_path, NOWHERE, "trn_1")
    assert answer.exit_code == 2
    assert "The master key cannot be read" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "one of TURN, --conversation and --since"),
        (("trn_1", "--since", "2026-11-01"), "one of TURN, --conversation and --since"),
        (("trn_1", "--until", "2026-11-01"), "--until goes with --since"),
        (("--since", "yesterday"), "a day such as"),
    ],
)
def test_what_is_asked_must_make_sense(folder: Path, arguments: tuple[str, ...], why: str) -> None:
    answer = asked(folder, NOWHERE, *arguments)
    assert answer.exit_code == 2
    assert why in answer.output


@pytest.mark.parametrize(
    ("fork", "text", "why"),
    [
        ("weather={}", "x", "these can be forked: policy=FILE"),
        ("policy={}", "tiers: 3", "it has neither tiers nor caps"),
        ("prompt={}", "x", "begins with planner or writer"),
        ("prompt={}/planner.md", "x", "cannot be read (Not a directory). (file_unreadable)"),
        ("prompt=planner.not-there", "", "cannot be read (No such file or directory). (file_unreadable)"),
        ("tool=get_order_status:{}", "{", "is no JSON"),
        ("tool=get_order_status:{}", '{"output": {"order_id": "A1"}}', "/status: Field required"),
        ("tool=get_order_status:{}.not-there", "", "cannot be read"),
        ("tool=get_weather:off", "", "There is no tool get_weather"),
        ("tool=get_order", "", "it is tool=NAME:FILE or tool=NAME:off"),
        ("brain=anthropic/any", "", "is asked with a key: AIGUY_LLM_API_KEY"),
        ("policy={}", "tiers: [{clause: R1}]", "is no policy"),
        ("policy={}", "tiers: {low: {threshold: 2}}", "is no policy"),
        ("policy={}", "caps: {}", "is no policy"),
        ("policy={}", "a: [", "is no policy"),
        ("policy={}.not-there", "", "cannot be read"),
    ],
)
def test_a_fork_that_cannot_be_read_is_refused_before_anything_is_looked_at(
    folder: Path, fork: str, text: str, why: str
) -> None:
    file = folder / "policy.yaml"
    file.write_text(text)
    answer = asked(folder, NOWHERE, "trn_1", "--fork", fork.format(file))
    assert answer.exit_code == 2
    assert why in answer.stderr


@pytest.mark.service
def test_a_refund_policy_needs_billings_rows(folder: Path, postgres_server: TestDatabases) -> None:
    file = folder / "refunds.yaml"
    file.write_text(files("billing").joinpath("policy", "refunds.yaml").read_text("utf-8"))
    url = postgres_server.create("orchestrator")
    answer = asked(folder, url, "--since", "2026-11-01", "--fork", f"policy={file}")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "billing's database was not named" in answer.stderr
    assert "(books_missing)" in answer.stderr


@pytest.mark.service
def test_days_without_a_turn_have_nothing_to_fork(folder: Path, postgres_server: TestDatabases) -> None:
    file = folder / "escalation.yaml"
    file.write_text(files("orchestrator.policy").joinpath("escalation.yaml").read_text("utf-8"))
    url = postgres_server.create("orchestrator")
    answer = asked(folder, url, "--since", "2026-11-01", "--fork", f"policy={file}")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "0 of 0 turns would have gone otherwise." in answer.stdout
    answer = asked(folder, url, "trn_1", "--fork", f"policy={file}")
    assert (answer.exit_code, answer.stderr) == (2, "There is no such turn.\n")
