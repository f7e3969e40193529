"""Targets, steps and profiles on turns that nobody held: a verdict is what the turns say, and nothing else."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from loadbench.finding import find
from loadbench.measuring import MeasuredRun, Spent
from loadbench.overload import in_time, recovered_s, shed
from loadbench.profiling import Profile
from loadbench.samples import Sample, table
from loadbench.swarming import Run
from loadbench.targets import Targets

from load.made_up import turn

TARGETS = Path(__file__).parents[2] / "loadtests" / "targets.yaml"


def missed(samples: Sequence[Sample]) -> list[str]:
    return [one.goal for one in Targets.read(TARGETS).judge(samples) if not one.met]


def test_turns_in_time_meet_all_targets_that_they_are_for() -> None:
    assert missed([turn(), turn(kind="two tools", tools=2, end_ms=4000.0), turn(kind="greeting", tools=0)]) == []


@pytest.mark.parametrize(
    ("late", "goal"),
    [
        (turn(kind="greeting", tools=0, end_ms=1500.0), "p50 of turns, no tools: below 1400 ms"),
        (turn(kind="faq", end_ms=2801.0), "p50 of turns, retrieval: below 2800 ms"),
        (turn(end_ms=2500.0), "p95 of turns, up to one tool: below 2500 ms"),
        (turn(kind="two tools", tools=2, end_ms=4501.0), "p95 of turns, two tools: below 4500 ms"),
    ],
)
def test_a_late_turn_misses_its_own_target(late: Sample, goal: str) -> None:
    assert goal in missed([late])


def test_an_error_in_a_hundred_is_too_many_and_its_time_counts_for_nothing() -> None:
    samples = [turn() for _ in range(99)]
    wrong = turn(end_ms=60_000.0, error="the stream ended without an end")
    assert missed([*samples, wrong]) == ["errors: below 0.50% of turns"]
    assert table([*samples, wrong])["order"]["errors"] == 1


def test_nobody_is_no_success() -> None:
    assert missed([]) == ["errors: below 0.50% of turns"]
    assert "p95 of turns, up to one tool: below 2500 ms" in missed([turn(end_ms=None, error="refused")])


def test_a_misspelt_target_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text("{p50_ms: {no_tool: 1}, p95_ms: {}, error_rate: 1}")
    with pytest.raises(KeyError, match="no_tool"):
        Targets.read(file)


@pytest.mark.parametrize(("limit", "carried", "tried"), [(3, 0, [4]), (20, 20, [4, 8, 16, 24, 20]), (1000, 256, None)])
async def test_the_most_customers_are_found_by_steps(limit: int, carried: int, tried: list[int] | None) -> None:
    asked: list[int] = []

    async def measure(run: Run) -> MeasuredRun:
        asked.append(run.users)
        samples = [turn(end_ms=1000.0 if run.users <= limit else 9000.0)]
        return MeasuredRun(run, samples, Spent(0.0, 10.0), {})

    found = await find(measure, Targets.read(TARGETS), "order")
    assert found.users == carried
    if tried is not None:
        assert asked == [*tried, *([carried // 2] if carried else [])]


def test_in_time_is_right_and_soon_enough_for_its_tools() -> None:
    assert in_time([turn(end_ms=2400.0), turn(end_ms=2600.0), turn(error="x"), turn(tools=2, end_ms=4400.0)]) == 2


def test_who_is_promised_an_e_mail_is_neither_served_nor_refused() -> None:
    later, refused = turn(outcome="later", error="not answered: later", end_ms=30.0), turn(status=503, error="503")
    assert shed([turn(), later, refused]) == ([refused], [later])
    assert in_time([later, refused]) == 0


def test_recovered_is_from_the_last_late_turn_on() -> None:
    late, fine = turn(at=3.0, end_ms=9000.0), turn(at=5.0)
    assert recovered_s([turn(), late, fine]) == 5.0
    assert recovered_s([turn(), fine]) == 0.0
    assert recovered_s([turn(), late]) is None


def test_a_profile_counts_the_innermost_part_of_ours_and_what_really_ran() -> None:
    start = "main (orchestrator/main.py:10);run_service (servicekit/app.py:96);run (asyncio/runners.py:118)"
    found = Profile.of([
        f"{start} 4",
        f"{start};step (orchestrator/turn/loop.py:9);add (orchestrator/journal/store.py:3);do (asyncpg/pool.py:1) 3",
        f"{start};dumps (json/encoder.py:1) 2",
        f"{start};mask (servicekit/privacy/finder.py:4) 1",
        "_bootstrap (threading.py:1002);_worker (concurrent/futures/thread.py:81) 989",
        "a frame that was read while it changed",
    ])  # fmt: skip
    assert found.looks == 10
    assert found.by_part == {"none of ours": 6, "orchestrator/journal": 3, "servicekit/privacy": 1}
    assert found.by_package == {"uvloop": 4, "asyncpg": 3, "Python itself": 2, "servicekit": 1}
    assert "| `orchestrator/journal` | 30.0 |" in found.tables()
