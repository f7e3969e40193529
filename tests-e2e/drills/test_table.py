"""Each runbook is tried: the table names a drill for every page, and each that it names is a test that runs."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "services" / "runbooks"
TABLE: dict[str, list[str]] = yaml.safe_load((RUNBOOKS / "drills.yaml").read_text("utf-8"))
DRILLS = sorted({drill for drills in TABLE.values() for drill in drills})


def functions_of(path: Path) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The test functions of a file, those in classes too."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_")}


def test_every_page_has_a_drill_and_every_drill_a_page() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert {
        page: len(TABLE.get(page) or ()) for page in pages | TABLE.keys() if page not in pages or not TABLE.get(page)
    } == {}


@pytest.mark.parametrize("drill", DRILLS)
def test_the_drill_is_a_test_that_runs(drill: str) -> None:
    place, _, name = drill.partition("::")
    found = functions_of(ROOT / place)
    assert name in found, f"{place} has {sorted(found)}"
    assert "skip" not in " ".join(ast.unparse(one) for one in found[name].decorator_list)
