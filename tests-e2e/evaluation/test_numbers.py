"""Scores, the baseline, and what is written of them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from evalbench.baseline import BASELINE, Compared, accept, compare
from evalbench.checking import Finding
from evalbench.corpus import read_cases
from evalbench.report import Results, table, write
from evalbench.scores import score
from evalbench.thinking import summed

from evaluation.made_up import tried
from onebox.demo.thought import Thought

BAD = [Finding("words", 1, "missing: <b>30 days</b>")]
AT = datetime(2026, 11, 23, 4, 5, 6, tzinfo=UTC)


def results(*cases, compared: Compared | None = None, at: datetime = AT) -> Results:
    return Results("offline", 2, cases, compared or Compared(known=True), 12.0, at)


def test_a_case_passes_when_every_run_does() -> None:
    one = score("all", [tried("a", [], []), tried("b", [], BAD), tried("c", BAD, BAD)])
    assert (one.cases, one.passed, one.runs, one.runs_passed) == (3, 1, 6, 3)
    assert one.interval[0] < one.share < one.interval[1]


def test_false_non_escalation_is_a_share_of_the_cases_that_it_answered_itself() -> None:
    wrong_word, refused = tried("a", [], BAD), tried("b", BAD, ending="refused")
    one = score("all", [wrong_word, refused, tried("c", [])])
    assert (one.answered, one.wrongly) == (2, 1)
    none = score("none", [tried("c", []) for _ in range(29)])
    # The exact two-sided bound for none in 29.
    assert none.wrong_interval == pytest.approx((0.0, 0.1194), abs=1e-4)


def test_times_are_of_turns() -> None:
    one = score("all", [tried(str(n), [], seconds=n / 100) for n in range(101)])
    assert (one.p50_s, one.p95_s) == (0.5, 0.95)


def test_what_passed_and_fails_now_is_a_regression_and_nothing_else_is(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    accept([tried("kept", []), tried("lost", []), tried("bad", BAD), tried("mended", BAD), tried("gone", [])],
           "offline", 1, file)  # fmt: skip
    now = [tried("kept", []), tried("lost", [], BAD), tried("bad", BAD), tried("mended", []), tried("new", BAD)]
    found = compare(now, "offline", file)
    assert (found.regressed, found.mended, found.new, found.gone) == (("lost",), ("mended",), ("new",), ("gone",))
    assert compare(now, "offline", file, whole=False).gone == ()
    assert compare(now, "openai/other", file) == Compared(known=False)
    assert compare(now, "offline", tmp_path / "none.json") == Compared(known=False)


def test_the_committed_baseline_knows_every_case() -> None:
    assert set(json.loads(BASELINE.read_text())["cases"]) == {case.id for case in read_cases()}


def test_the_verdict_says_what_is_worse() -> None:
    worse = results(tried("a", BAD), compared=Compared(known=True, regressed=("a",)))
    assert worse.verdict.startswith("VERDICT: WORSE THAN THE BASELINE in 1: a;")
    assert "below the target" in results(tried("a", BAD)).verdict
    assert "the target is met" in results(tried("a", [])).verdict
    assert "no baseline for offline" in results(tried("a", []), compared=Compared(known=False)).verdict


def test_the_table_names_each_group_and_each_failure() -> None:
    told = table(results(tried("a", BAD), tried("m", [], tier="money")))
    assert "money" in told
    assert "a (faq)\n      turn 1: words: missing" in told
    assert "judge: not run, no model is configured" in told


def test_the_page_has_the_failures_escaped_and_the_trend_of_earlier_runs(tmp_path: Path) -> None:
    write(results(tried("a", [])), tmp_path)
    (tmp_path / "eval-20260101T000000Z.json").write_text("half a docu", encoding="utf-8")
    page = write(results(tried("a", BAD), at=AT.replace(hour=5)), tmp_path).read_text(encoding="utf-8")
    assert '<meta name="viewport"' in page
    assert page.count("<circle") == 2
    assert "&lt;b&gt;30 days&lt;/b&gt;" in page
    assert "<b>30" not in page
    assert "May I return it?" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_json_has_no_word_of_a_conversation(tmp_path: Path) -> None:
    page = write(results(tried("a", BAD)), tmp_path)
    document = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert document["cases"]["a"] == {"passed": 0, "of": 1, "wrong": [str(BAD[0])]}
    assert document["overall"]["share"] == 0
    assert "May I return it?" not in page.with_suffix(".json").read_text(encoding="utf-8")


def test_a_model_on_this_machine_stands_beside_the_offline_brain(tmp_path: Path) -> None:
    mine, offline = [tried("a", []), tried("b", BAD)], [tried("a", []), tried("b", [])]
    thought = summed([Thought(("m",), "m"), Thought(("m",), "offline", ("timeout",)), Thought((), "m"), Thought()])
    found = Results("local", 1, mine, Compared(known=False), 12.0, AT, beside=offline, thought=thought)
    told = table(found)
    assert thought == (
        "of 3 turns the model chose the tools of 2 and wrote the answers of 2; in 1 it was too slow, in 0 the guards"
        " held its answer back"
    )
    assert thought in told
    assert [line.split()[3] for line in told.splitlines() if line.startswith("offline Brain")] == ["100.0%"]
    page = write(found, tmp_path)
    assert "offline Brain" in page.read_text()
    assert json.loads(page.with_suffix(".json").read_text())["offline"][0]["passed"] == 2
    assert "offline Brain" not in table(results(*mine))
