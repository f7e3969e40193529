"""What is redirected into a file holds rows or JSON, and no word of why there are none."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from onebox.cli import app
from onebox.home import HOME_VARIABLE

ASKS = (["privacy", "export", "--customer", "cust_ada"], ["usage", "--json"], ["kb", "gaps", "--json"])


@pytest.mark.parametrize("arguments", [*ASKS, ["escalation", "export"]], ids=" ".join)
def test_why_nothing_is_told_stands_beside_the_output(tmp_path: Path, arguments: list[str]) -> None:
    told = CliRunner().invoke(app, arguments, env={HOME_VARIABLE: str(tmp_path)})
    assert told.exit_code in (1, 2)
    assert told.stdout == ""
    assert told.stderr
