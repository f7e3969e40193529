"""`aiguy escalation`: thresholds from labelled turns, and the turns to label."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from contracts.tool import RiskTier
from orchestrator.confidence.export import labelled_rows
from orchestrator.confidence.intervals import needed
from orchestrator.confidence.labels import BadRow, read_labels
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.confidence.tuning import Report, Standing, TierReport, tune
from orchestrator.confidence.writing import rewritten
from servicekit.db.errors import CONNECT_ERRORS

GOOD, REFUSED, UNTRIED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the command is to do. `policy` None: the file that ships with the orchestrator."""

    data: Path
    target: float
    policy: Path | None = None
    write: bool = False
    accept_bound: bool = False
    as_json: bool = False


def tune_thresholds(asked: Tuning, today: date, console: Console) -> int:
    """Prints the report, and writes thresholds when that is asked for.

    Returns 0; 1 when a tier that has labels carries no claim of the target; 2 when the data or the policy cannot be
    read, or the policy not be written.
    """
    aside, path = _aside(), asked.policy or _shipped()
    try:
        text = path.read_text(encoding="utf-8")
        policy = load_escalation_policy(text)
    except (OSError, ValueError) as error:
        aside.print(escape(f"{path}: {error}"))
        return UNTRIED
    try:
        with asked.data.open(encoding="utf-8") as lines:
            labels = read_labels(lines, policy)
        report = tune(labels.rows, policy, asked.target)
    except (OSError, BadRow, ValueError) as error:
        aside.print(escape(f"{asked.data}: {error}"))
        return UNTRIED
    if asked.as_json:
        told = {**asdict(report), "unlabelled": labels.unlabelled}
        console.out(json.dumps(told, indent=2, ensure_ascii=False), highlight=False)
    else:
        _show(report, labels.unlabelled, console)
    try:
        if asked.write:
            _write(_taken(report, asked, aside), path, text, today, aside)
    except (OSError, ValueError) as error:
        aside.print(escape(f"{path}: {error}"))
        return UNTRIED
    refused = any(one.count and one.supported is None for one in report.tiers)
    return REFUSED if refused else GOOD


async def export_turns(url: str, since: timedelta | None, now: datetime, console: Console) -> int:
    """Prints the judged turns as rows to label, oldest first. Returns 0; 2 when the database cannot be asked."""
    aside = _aside()
    try:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            rows = await labelled_rows(connection, None if since is None else now - since)
        finally:
            await connection.close()
    except CONNECT_ERRORS as error:
        aside.print(escape(f"The orchestrator's database cannot be asked ({type(error).__name__})."))
        return UNTRIED
    for row in rows:
        console.out(json.dumps(row), highlight=False)
    missing = sum(row["wrong"] is None for row in rows)
    aside.print(f"{len(rows)} turns; left for you to label: {missing} (true where the answer was wrong, else false).")
    return GOOD


def _shipped() -> Path:
    return Path(str(resources.files("orchestrator.policy").joinpath("escalation.yaml")))


def _taken(report: Report, asked: Tuning, aside: Console) -> dict[RiskTier, float]:
    taken: dict[RiskTier, float] = {}
    for one in report.tiers:
        found = one.supported or (one.fallback if asked.accept_bound else None)
        if found is not None:
            taken[one.tier] = found.threshold
        elif one.count:
            aside.print(f"{one.tier.value}: not written, the labels carry no threshold (--accept-bound takes one).")
    return taken


def _write(taken: Mapping[RiskTier, float], path: Path, text: str, today: date, aside: Console) -> None:
    """Raises OSError, ValueError; the file is then as it was."""
    if not taken:
        aside.print("Nothing was written.")
        return
    fresh, partial = rewritten(text, taken, today.isoformat()), path.with_name(f"{path.name}.partial")
    partial.write_text(fresh, encoding="utf-8")
    partial.replace(path)
    told = ", ".join(f"{tier.value} {threshold:g}" for tier, threshold in taken.items())
    aside.print(escape(f"Written to {path}: {told}"))


def _aside() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def _show(report: Report, unlabelled: int, console: Console) -> None:
    target = report.target
    console.print(
        f"Target: at most {target:.3%} of the answers given are wrong. Without any error that takes"
        f" {needed(0, target)} answers in a tier; all bounds are at 95 %."
    )
    table = Table("tier", "labels", "threshold", "wrong", "95 %", "at most", "escalated", "95 %", box=None)
    for one in report.tiers:
        if not one.count:
            continue
        _row(table, one, "today", one.today)
        if one.supported is not None:
            _row(table, one, "tuned", one.supported)
    console.print(table)
    for one in report.tiers:
        if one.supported is None:
            console.print(f"{one.tier.value}: no claim. {_sentence(one.why)}")
    for one in report.tiers:
        if one.count:
            _curve(one, console)
    if unlabelled:
        console.print(f"{unlabelled} rows are not labelled, and were left out.")


def _row(table: Table, one: TierReport, name: str, here: Standing) -> None:
    table.add_row(
        one.tier.value, str(one.count), f"{here.threshold:.2f} {name}", f"{here.wrong}/{here.answered}",
        _span(here.interval), f"{here.bound:.2%}", f"{here.escalated:.1%}", _span(here.escalated_interval),
    )  # fmt: skip


def _curve(one: TierReport, console: Console) -> None:
    table = Table("score", "answers", "mean score", "right", "95 %", box=None)
    for each in one.curve:
        if each.count:
            table.add_row(
                f"{each.low:.1f}\u2013{each.high:.1f}", str(each.count), f"{each.sure:.2f}", f"{each.right:.2f}",
                _span(each.interval),
            )  # fmt: skip
    console.print(f"{one.tier.value}: scores against what was right; calibration error {one.ece:.3f}")
    console.print(table)


def _span(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.1%}\u2013{interval[1]:.1%}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
