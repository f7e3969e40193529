"""`aiguy kb gaps`: a table for people, JSON for programs, a draft for a file, and an exit code for scripts."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from starlette.requests import Request
from starlette.responses import JSONResponse
from typer.testing import CliRunner

from onebox.cli import app
from onebox.gaps_command import time_span
from onebox.home import Home

from .conftest import running_stack

AXES: dict[str, Any] = {
    "gap_id": "trn_" + "a" * 32, "question": "Do you [bold]sharpen[/bold] axes?", "count": 3, "customers": 2,
    "last_asked": "2026-03-02T09:00:00Z", "tickets": ["HP-10013"], "outline": "---\nreviewed: false\n---\n# [x] Axes\n",
    "outline_missing": "",
}  # fmt: skip
CANOES = AXES | {
    "gap_id": "trn_" + "b" * 32, "question": "Do you sell canoes?", "tickets": [], "outline": None,
    "outline_missing": "No resolved ticket is about this.",
}  # fmt: skip


class Orchestrator:
    """Answers as the orchestrator does, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, {"gaps": [AXES, CANOES], "further": 4, "noise": 2}
        self.asked: list[Request] = []

    async def gaps(self, request: Request) -> JSONResponse:
        self.asked.append(request)
        return JSONResponse(self.body, self.status)


@pytest.fixture
def orchestrator() -> Orchestrator:
    return Orchestrator()


@pytest.fixture
def home(tmp_path: Path, orchestrator: Orchestrator) -> Iterator[Path]:
    """AIGUY_HOME of a running stack."""
    with running_stack(tmp_path, "/api/agent/knowledge/gaps", orchestrator.gaps) as home:
        yield home


def gaps(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["kb", "gaps", *arguments], env={"AIGUY_HOME": str(home), "COLUMNS": "200"})


def test_people_see_a_table(home: Path, orchestrator: Orchestrator) -> None:
    answer = gaps(home)
    assert answer.exit_code == 0, answer.output
    for words in (
        "Do you [bold]sharpen[/bold] axes?",
        AXES["gap_id"],
        "HP-10013",
        "4 more are open",
        "2 were left out",
    ):
        assert words in answer.output
    assert orchestrator.asked[0].query_params["limit"] == "20"
    assert orchestrator.asked[0].headers["authorization"].startswith("Bearer ey")


def test_programs_get_everything_as_json(home: Path, orchestrator: Orchestrator) -> None:
    assert json.loads(gaps(home, "--json").stdout) == orchestrator.body


def test_a_draft_comes_alone_and_as_it_is(home: Path) -> None:
    answer = gaps(home, "--outline", AXES["gap_id"])
    assert (answer.exit_code, answer.stdout) == (0, AXES["outline"])


@pytest.mark.parametrize(
    ("gap_id", "why"), [(CANOES["gap_id"], "No resolved ticket"), ("trn_none", "There is no open gap trn_none")]
)
def test_without_a_draft_nothing_is_written_into_the_file(home: Path, gap_id: str, why: str) -> None:
    answer = gaps(home, "--outline", gap_id)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert why in answer.stderr


def test_since_is_a_time_in_the_past(home: Path, orchestrator: Orchestrator) -> None:
    assert gaps(home, "--since", "30d").exit_code == 0
    since = datetime.fromisoformat(orchestrator.asked[0].query_params["since"])
    assert timedelta(days=29, hours=23) < datetime.now(UTC) - since < timedelta(days=30, hours=1)
    assert time_span("12h") == timedelta(hours=12)


@pytest.mark.parametrize("span", ["", "30", "d", "-1d", "0d", "30m", "99999d"])
def test_a_span_that_is_none_is_refused(home: Path, orchestrator: Orchestrator, span: str) -> None:
    answer = gaps(home, "--since", span)
    assert answer.exit_code == 2
    assert orchestrator.asked == []


def test_nothing_to_show_is_good_news(home: Path, orchestrator: Orchestrator) -> None:
    orchestrator.body = {"gaps": [], "further": 0, "noise": 0}
    answer = gaps(home)
    assert (answer.exit_code, answer.stdout.strip()) == (0, "No question is without a good answer.")


def test_a_refusal_is_said_and_is_no_success(home: Path, orchestrator: Orchestrator) -> None:
    orchestrator.status, orchestrator.body = 403, {"detail": "Only staff may see knowledge gaps."}
    answer = gaps(home)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "403: Only staff" in answer.stderr


def test_a_stack_that_is_gone_is_said(home: Path) -> None:
    Home(home / "onebox").write_running({"urls": {"orchestrator": "http://127.0.0.1:9"}})
    answer = gaps(home)
    assert answer.exit_code == 2
    assert "cannot be asked" in answer.stderr


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    answer = gaps(tmp_path)
    assert answer.exit_code == 1
    assert "make up" in answer.output
