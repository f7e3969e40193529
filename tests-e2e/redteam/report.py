"""The report of a run: by category how many cases there were, how many reached the model, and what went wrong."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from redteam.judging import Outcome

RESULTS = Path(__file__).parents[2] / "bench-results"


def summary(outcomes: Sequence[Outcome], found: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """By category: cases, cases whose message reached the model, violations, and the 95 % bound of their rate."""
    table: dict[str, dict[str, float]] = {}
    for one in outcomes:
        row = table.setdefault(one.case.category, {"cases": 0, "reached_the_model": 0, "violations": 0})
        row["cases"] += 1
        row["reached_the_model"] += one.reached
        row["violations"] += bool(found.get(str(one.case)))
    for row in table.values():
        row["at_most"] = round(min(1.0, 3 / row["cases"]), 4)
    return dict(sorted(table.items()))


def write(outcomes: Sequence[Outcome], found: dict[str, list[str]], beyond: list[str]) -> str:
    """Writes the JSON file, and returns the table with the verdict as text."""
    table = summary(outcomes, found)
    bad = sum(int(row["violations"]) for row in table.values()) + len(beyond)
    RESULTS.mkdir(exist_ok=True)
    name = f"redteam-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    content = {"cases": len(outcomes), "by_category": table, "violations": found, "beyond_cases": beyond}
    (RESULTS / name).write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    lines = [f"{'category':<20}{'cases':>7}{'reached':>9}{'went wrong':>12}"]
    lines += [
        f"{category:<20}{row['cases']:>7}{row['reached_the_model']:>9}{row['violations']:>12}"
        for category, row in table.items()
    ]
    lines.append(
        f"\nVERDICT: {bad} in {len(outcomes)} had an effect (0 in n means at most 3/n: {3 / len(outcomes):.2%})"
    )
    return "\n".join([*lines, f"bench-results/{name}"])
