"""A small share of the golden conversations on the running stack: what passed in the baseline passes still.

`make eval` holds all of them, four times each.
"""

import json
from itertools import chain

import pytest
from evalbench.baseline import BASELINE
from evalbench.case import Case
from evalbench.corpus import read_cases
from evalbench.pages import help_pages
from evalbench.report import transcript
from evalbench.running import run_cases

MOST = 28


def share() -> list[Case]:
    """Of every category that needs no fault the first and a middle case that passed, as long as there is room."""
    passed = json.loads(BASELINE.read_text(encoding="utf-8"))["cases"]
    groups: dict[str, list[Case]] = {}
    for case in read_cases():
        if passed[case.id] and not case.faults:
            groups.setdefault(case.category, []).append(case)
    middle = [group[len(group) // 2] for group in groups.values() if len(group) > 2]
    return list(chain((group[0] for group in groups.values()), middle))[:MOST]


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_what_passed_in_the_baseline_passes(machine) -> None:
    cases = share()
    assert 20 <= len(cases) <= MOST
    await machine.deepened()
    tried = await run_cases(machine, cases, 1, help_pages(), lambda _done, _total: None, {})
    failed = {one.case.id: [str(found) for found in one.findings[0]] for one in tried if not one.passed}
    assert failed == {}, "\n".join(transcript(one.runs[0]) for one in tried if not one.passed)


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="session")
async def test_a_case_that_wants_something_else_fails_on_the_running_stack(machine) -> None:
    wrong = Case.model_validate({
        "id": "wrong", "category": "order", "tier": "private", "effects": {"tickets": 1},
        "turns": [{"says": "Where is {order}?", "outcome": ["refused"], "has": ["{order}"], "cites": ["warranty"]}],
    })  # fmt: skip
    (one,) = await run_cases(machine, [wrong], 2, help_pages(), lambda _done, _total: None, {})
    assert [[found.kind for found in run] for run in one.findings] == [["outcome", "citation", "words", "effect"]] * 2
