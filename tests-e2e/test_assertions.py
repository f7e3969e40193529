"""Each test can fail: it asserts something itself, or asks a helper of the tests that does."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("contracts/tests", "services", "tests-e2e")
Function = ast.FunctionDef | ast.AsyncFunctionDef
#: What fails a test by itself.
FAILING = frozenset({"raises", "fail", "warns", "expect"})


def functions() -> Iterator[tuple[str, Function]]:
    """Every function of the tests and of what they share, with where it stands."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if {"tests", "testing", "tests-e2e"} & set(path.relative_to(ROOT).parts):
                for node in ast.walk(ast.parse(path.read_text())):
                    if isinstance(node, Function):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def asserts(function: Function) -> bool:
    """Whether an assertion stands in it."""
    return any(isinstance(node, ast.Assert) for node in ast.walk(function)) or bool(called(function) & FAILING)


def called(function: Function) -> set[str]:
    """The names of what it calls by name, and the methods of pytest; methods of others may mean anything."""
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    methods = {one.attr for one in calls if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "pytest"}
    # playwright's `expect(…).to_be_visible()` waits, and fails; `expect(…)` alone does nothing.
    waited = {
        "expect" for one in calls if isinstance(one, ast.Attribute) and ast.unparse(one.value).startswith("expect(")
    }
    return methods | waited | {one.id for one in calls if isinstance(one, ast.Name) and one.id != "expect"}


def without_assertion(everything: list[tuple[str, Function]]) -> list[str]:
    """The tests that cannot fail, as far as reading them tells."""
    helpers: dict[str, list[Function]] = defaultdict(list)
    for _, function in everything:
        if not function.name.startswith("test_"):
            helpers[function.name].append(function)
    failing = {name for name, found in helpers.items() if any(map(asserts, found))}
    while more := {
        name for name, found in helpers.items() if name not in failing and any(called(one) & failing for one in found)
    }:
        failing |= more
    tests = [(where, one) for where, one in everything if one.name.startswith("test_") and "/test_" in f"/{where}"]
    return [f"{where} {one.name}" for where, one in tests if not asserts(one) and not called(one) & failing]


EXAMPLES = """
def test_that_only_runs(): shop()
def test_that_asserts(): assert shop()
def test_that_raises(): pytest.raises(ValueError, shop)
def test_that_asks(): is_told(shop())
def test_that_expects(): expect(shop).to_be_open()
def test_that_only_looks(): expect(shop)
def test_that_asks_one_that_only_runs(): shop.open()
def is_told(shop): is_open(shop)
def is_open(shop): assert shop
"""


def test_one_that_asserts_nothing_is_found() -> None:
    read = [("x/test_x.py:1", one) for one in ast.parse(EXAMPLES).body if isinstance(one, Function)]
    found = [line.split()[1] for line in without_assertion(read)]
    assert found == ["test_that_only_runs", "test_that_only_looks", "test_that_asks_one_that_only_runs"]


def test_each_test_asserts_something() -> None:
    assert without_assertion(list(functions())) == []
