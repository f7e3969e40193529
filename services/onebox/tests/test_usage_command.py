"""`aiguy usage`: what it cost and will cost, for people and for programs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from typer.testing import CliRunner

from onebox.cli import app

from .conftest import running_stack

SMALL: dict[str, Any] = {
    "model": "small", "turns": 12, "tokens_in": 90_000, "tokens_out": 10_000, "cost_usd": 3.5, "priced": True,
}  # fmt: skip
USED: dict[str, Any] = {
    "day": "2026-11-02", "level": "small", "today": [SMALL],
    "month": [SMALL, SMALL | {"model": "own-[model]", "cost_usd": 0.0, "priced": False}],
    "days": [{"day": "2026-11-01", "turns": 5, "tokens": 40_000, "cost_usd": 1.25},
             {"day": "2026-11-02", "turns": 7, "tokens": 60_000, "cost_usd": 2.25}],
    "caps": [{"cap": "shop_day", "usd": 2.5, "tokens": None, "used": 0.9, "reached_on": None},
             {"cap": "shop_month", "usd": 40.0, "tokens": None, "used": 0.0875, "reached_on": "2026-11-25"}],
    "forecast": {"month_usd": 45.0, "low_usd": 30.5, "high_usd": 59.5, "confidence": 0.9, "method": "mean", "days": 1},
}  # fmt: skip


class Orchestrator:
    """Answers as the orchestrator does."""

    def __init__(self) -> None:
        self.status, self.body = 200, USED

    async def usage(self, _: Request) -> JSONResponse:
        return JSONResponse(self.body, self.status)


@pytest.fixture
def orchestrator() -> Orchestrator:
    return Orchestrator()


@pytest.fixture
def home(tmp_path: Path, orchestrator: Orchestrator) -> Iterator[Path]:
    """AIGUY_HOME of a running stack."""
    with running_stack(tmp_path, "/api/agent/usage", orchestrator.usage) as home:
        yield home


def run(home: Path, *arguments: str):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(app, ["usage", *arguments], env={"AIGUY_HOME": str(home), "COLUMNS": "200"})


def test_days_forecast_and_caps_are_told_in_words(home: Path) -> None:
    result = run(home)
    assert result.exit_code == 0, result.output
    said = result.stdout
    assert "This month so far: $3.50" in said
    assert "Forecast: $45.00 (90%: $30.50 to $59.50), from the mean of 1 whole days." in said
    assert "Cap of $2.50 for a day: 90% used, not reached this month." in said
    assert "Cap of $40.00 for a month: 9% used, reached on 2026-11-25 if it goes on like this." in said
    assert "The price of own-[model] is not known" in said
    assert "Turns begin now at level: small" in said


def test_json_is_all_that_is_known(home: Path) -> None:
    assert json.loads(run(home, "--json").stdout) == USED


def test_on_the_first_day_no_number_is_made_up(home: Path, orchestrator: Orchestrator) -> None:
    none = USED["forecast"] | {"method": "none", "days": 0}
    orchestrator.body = USED | {"days": [], "month": [], "today": [], "forecast": none}
    said = run(home).stdout
    assert "No turn has ended this month." in said
    assert "Forecast: no whole day is over yet." in said
    assert "$45.00" not in said


def test_a_refusal_is_told_and_ends_with_2(home: Path, orchestrator: Orchestrator) -> None:
    orchestrator.status, orchestrator.body = 403, {"title": "Forbidden", "detail": "Only staff may see what was used."}
    result = run(home)
    assert result.exit_code == 2
    assert "Only staff may see what was used." in result.output
