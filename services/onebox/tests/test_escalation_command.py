"""`aiguy escalation`: what is said on screen, what is written, what is refused, and the rows of real turns."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import asyncpg
import pytest
import yaml
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from onebox.cli import app
from onebox.escalation_command import export_turns
from orchestrator.confidence.policy import load_escalation_policy

NOWHERE = "postgresql://aiguy:x@127.0.0.1:9/orchestrator"
SHIPPED = resources.files("orchestrator.policy").joinpath("escalation.yaml").read_text("utf-8")
DEMO = Path(__file__).parents[3] / "tests-e2e" / "bench" / "knowledge" / "labelled.jsonl"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "escalation.yaml"
    path.write_text(SHIPPED)
    return path


def data(tmp_path: Path, right: int, wrong: int = 0) -> Path:
    """Sure answers that are right, and unsure ones that are wrong."""
    rows = [{"tier": "low", "score": 0.9, "wrong": False}] * right + [
        {"tier": "low", "score": 0.2, "wrong": True}
    ] * wrong
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["escalation", *map(str, arguments)], env={"COLUMNS": "160"})


def test_a_threshold_that_the_labels_carry_is_said_and_written(tmp_path: Path, policy: Path) -> None:
    told = run("tune", "--data", data(tmp_path, 3_000, 40), "--policy", policy, "--write")
    assert told.exit_code == 0, told.output
    assert "0.21 tuned" in told.output
    low, *others = load_escalation_policy(policy.read_text()).tiers.values()
    assert low.threshold == 0.21
    assert [one.threshold for one in others] == [
        one.threshold for one in list(load_escalation_policy().tiers.values())[1:]
    ]


def test_a_sample_that_is_too_small_claims_nothing_and_writes_nothing(tmp_path: Path, policy: Path) -> None:
    told = run("tune", "--data", data(tmp_path, 500), "--policy", policy, "--write")
    assert told.exit_code == 1
    assert "low: no claim. 500 labelled turns are too few" in told.output
    assert "2495 more are needed" in told.output
    assert policy.read_text() == SHIPPED


def test_only_by_name_a_threshold_without_a_claim_is_written(tmp_path: Path, policy: Path) -> None:
    told = run("tune", "--data", data(tmp_path, 500, 5), "--policy", policy, "--write", "--accept-bound")
    assert told.exit_code == 1
    assert "no claim" in told.output
    assert policy.read_text() != SHIPPED


def test_as_json_it_tells_all(tmp_path: Path) -> None:
    told = json.loads(run("tune", "--data", data(tmp_path, 3_000, 40), "--json").output)
    low = told["tiers"][0]
    assert (low["tier"], low["count"], low["wrong"], low["more"]) == ("low", 3_040, 40, 0)
    assert low["supported"]["bound"] <= told["target"] == 0.001
    assert len(low["curve"]) == 10


def test_data_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"tier": "low"}\n')
    for path, says in ((bad, "line 1: wrong: Field required"), (tmp_path / "none.jsonl", "No such file")):
        told = run("tune", "--data", path)
        assert told.exit_code == 2
        assert says in told.output


@pytest.mark.parametrize("text", [None, "tiers: [", "[]", SHIPPED.replace("risk_words:", "risk_words: {a: b}\n_:")])
def test_a_policy_that_cannot_be_read_is_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_text(text)
    told = run("tune", "--data", data(tmp_path, 10), "--policy", path)
    assert told.exit_code == 2, told.exception
    assert "mine.yaml: " in told.output


def test_a_policy_of_another_layout_is_not_written_and_it_is_said(tmp_path: Path, policy: Path) -> None:
    other = json.dumps(yaml.safe_load(SHIPPED))
    policy.write_text(other)
    told = run("tune", "--data", data(tmp_path, 3_000), "--policy", policy, "--write")
    assert told.exit_code == 2, told.exception
    assert "escalation.yaml: the threshold of low is not where it should be" in told.output
    assert policy.read_text() == other


def test_what_is_written_stands_beside_the_json(tmp_path: Path, policy: Path) -> None:
    told = run("tune", "--data", data(tmp_path, 3_000), "--policy", policy, "--write", "--json")
    assert json.loads(told.stdout)["tiers"][0]["tier"] == "low"
    assert "Written to" in told.stderr


def test_the_labelled_answers_of_the_bench_are_too_few_for_one_in_a_thousand() -> None:
    told = run("tune", "--data", DEMO)
    assert told.exit_code == 1
    assert "low: no claim." in told.output


async def test_real_turns_become_rows_without_a_word_of_what_was_said(
    database_url: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    url = database_url("orchestrator")
    connection = await asyncpg.connect(url)
    judged = {"score": 0.8, "tier": "low", "signals": [{"name": "self_check", "value": 0.4, "weight": 0.1}]}
    await connection.execute(
        "INSERT INTO conversations (id, issuer, subject_hash, identity, customer, channel, key_id, data_key)"
        " VALUES ('cnv_1', 'shop', 'h', '', true, 'web', 'k', '')"
    )
    turns = (("a", "answered", None), ("b", "answered", None), ("c", "answered", None), ("d", "answered", None),
             ("e", "handed_over", "customer_asked"))  # fmt: skip
    for ordinal, (name, outcome, handed) in enumerate(turns, 1):
        await connection.execute(
            "INSERT INTO turns (id, conversation_id, ordinal, status, outcome, judged, handoff_reason, created_at)"
            " VALUES ($1, 'cnv_1', $2::int, 'ended', $3, $4, $5, now() + make_interval(secs => $2::int))",
            name, ordinal, outcome, None if handed else json.dumps(judged), handed,
        )  # fmt: skip
    for name, thumbs in (("a", -1), ("b", 1)):
        await connection.execute(
            "INSERT INTO feedback (conversation_id, turn_id, thumbs) VALUES ('cnv_1', $1, $2)", name, thumbs
        )
    await connection.close()
    assert await export_turns(url, timedelta(hours=1), datetime.now(UTC), Console(soft_wrap=True)) == 0
    out, err = capfd.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(one["turn_id"], one["wrong"], one["why"]) for one in rows] == [
        ("a", True, "thumbs_down"), ("b", False, "thumbs_up"), ("c", None, ""),
        ("d", True, "handed_over_afterwards:customer_asked"),
    ]  # fmt: skip
    assert (rows[0]["tier"], rows[0]["score"], rows[0]["signals"]) == ("low", 0.8, {"self_check": 0.4})
    assert "4 turns; left for you to label: 1" in err


async def test_a_database_that_does_not_answer_is_said(database_url: Callable[[str], str]) -> None:
    for url in (NOWHERE, database_url("tickets")):
        assert await export_turns(url, None, datetime.now(UTC), Console()) == 2
