"""The readable table, the goals, and the JSON file."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from turnbench.figures import Figures, Measured
from turnbench.goals import Verdict
from turnbench.measuring import SERVERS
from turnbench.percentiles import percentile
from turnbench.plan import TURNS

_HEAD = ("", "at once", "CPU ms/turn", "p50 ms", "p95 ms", "turns/s", "RSS MiB")
_PACKAGES = ("aiohttp", "httpx", "langchain", "langgraph", "langchain-openai", "pydantic-ai-slim", "litellm", "openai")


def table(measured: Measured) -> str:
    """One line per subject and concurrency; the services and servers of ours on lines of their own."""
    lines = [_line(_HEAD), _line(tuple("─" * width for width in _WIDTHS))]
    found = measured.table()
    for concurrency in sorted(TURNS):
        for figures in (one for one in found if one.concurrency == concurrency):
            lines.append(_line(_row(figures)))
            lines += [_line(row) for row in _parts(figures)]
        lines.append("")
    lines += [f"  {name}: not measured, {why}" for name, why in measured.missing.items()]
    return "\n".join(lines)


def goals(verdicts: Sequence[Verdict]) -> str:
    """One line per goal."""
    return "\n".join(f"  {'✓' if one.met else '✗'} {one.goal:<72} {one.reached}" for one in verdicts)


def write_json(folder: Path, measured: Measured, verdicts: Sequence[Verdict], load_before: float) -> Path:
    """Writes everything but the single turns; returns where."""
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"turn-{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(_document(measured, verdicts, load_before, now), indent=2) + "\n")
    return path


def _document(measured: Measured, verdicts: Sequence[Verdict], load_before: float, now: datetime) -> dict[str, Any]:
    streaming = measured.streaming
    return {
        "at": now.isoformat(),
        "machine": {
            "cores": os.cpu_count(), "python": platform.python_version(), "load_before": load_before,
            "load_after": os.getloadavg()[0], "packages": {name: _version(name) for name in _PACKAGES},
        },
        "goals": [asdict(one) for one in verdicts],
        "figures": [asdict(one) for one in measured.table()],
        "paired": [
            asdict(found)
            for subject, concurrency in dict.fromkeys((one.subject, one.concurrency) for one in measured.pairs)
            if (found := measured.at_paired(subject, concurrency)) is not None
        ],
        "paced": None if (paced := measured.paced) is None else [
            {"tools": tools, "at_once": at, "p95_ms": paced.p95(tools, at)} for tools, at in paced.walls
        ],
        "many_streams": None if measured.many is None else asdict(measured.many),
        "tool_p95_ms": percentile(measured.tool_ms, 95) if measured.tool_ms else None,
        "per_token_us": None if streaming is None else {"paced": streaming.paced_us, "instant": streaming.instant_us},
        "stack_mib": measured.stack_mb,
        "missing": measured.missing,
    }  # fmt: skip


def _row(figures: Figures) -> tuple[str, ...]:
    numbers = (figures.cpu, figures.p50, figures.p95)
    texts = [f"{number:.2f}" if number < 10 else f"{number:.1f}" for number in numbers]
    return figures.subject, str(figures.concurrency), *texts, f"{figures.per_second:.0f}", f"{figures.rss:.0f}"


def _parts(figures: Figures) -> list[tuple[str, ...]]:
    """The processes of ours: those that count, the idle ones together, then the servers, which do not count."""
    if len(figures.cpu_parts) == 1:
        return []
    shown = {name: figures.cpu_parts[name] for name in ("orchestrator", "orders")}
    idle = sum(ms for name, ms in figures.cpu_parts.items() if name not in shown and name not in SERVERS)
    beside = {f"{name}, not counted": figures.cpu_parts[name] for name in sorted(SERVERS)}
    rows = shown | {"the other services": idle} | beside
    return [(f"  · {name}", "", f"{ms:.2f}", "", "", "", "") for name, ms in rows.items()]


_WIDTHS = (26, 8, 12, 9, 9, 9, 9)


def _line(cells: Sequence[str]) -> str:
    first, *others = zip(cells, _WIDTHS, strict=True)
    return f"  {first[0]:<{first[1]}}" + "".join(f"{cell:>{width}}" for cell, width in others)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
