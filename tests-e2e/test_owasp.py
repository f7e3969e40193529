"""Each risk of three lists of OWASP has a test here that covers it, and the table does not name one that is gone."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
LISTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests-e2e" / "owasp.yaml").read_text(encoding="utf-8"))["lists"]


@cache
def _tests_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("listed", LISTS, ids=lambda one: one["ids"])
def test_every_item_of_the_list_has_a_test(listed: dict[str, Any]) -> None:
    width = 1 if listed["ids"] == "API" else 2
    assert [one["id"] for one in listed["items"]] == [f"{listed['ids']}{n:0{width}}" for n in range(1, 11)]
    assert [one["id"] for one in listed["items"] if not one["tests"]] == []


@pytest.mark.parametrize("listed", LISTS, ids=lambda one: one["ids"])
def test_every_test_that_is_named_exists(listed: dict[str, Any]) -> None:
    gone = []
    for named in (test for one in listed["items"] for test in one["tests"]):
        path, _, function = named.partition("::")
        found = _tests_in(ROOT / path) if (ROOT / path).is_file() else frozenset()
        if not found or (function and function not in found):
            gone.append(named)
    assert gone == []
