"""`aiguy kb gaps`: which questions had no good answer, and the drafts of articles for them."""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

GOOD, NOTHING, UNTRIED = 0, 1, 2
_GAPS = "/api/agent/knowledge/gaps"
_SPAN = re.compile(r"([1-9]\d{0,3})([dh])")
_TIMEOUT_S = 60.0
_MOST = 100


@dataclass(frozen=True, slots=True)
class GapQuery:
    """What the command is to show; `outline` is the id of one gap."""

    since: timedelta | None = None
    limit: int = 20
    outline: str | None = None
    as_json: bool = False


def time_span(text: str) -> timedelta:
    """`30d`, `12h`. Raises ValueError for anything else."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError("a number of days or hours is needed, such as 30d or 12h")
    return timedelta(days=int(found[1])) if found[2] == "d" else timedelta(hours=int(found[1]))


def show_gaps(url: str, token: str, asked: GapQuery, now: datetime, console: Console) -> int:
    """Prints gaps, or one draft alone, so that it can go to a file.

    Returns 0; 1 when there is no such draft, which is said on standard error; 2 when the orchestrator did not answer.
    """
    aside = Console(stderr=True, highlight=False, soft_wrap=True)
    params = {"limit": str(_MOST if asked.outline else asked.limit)}
    if asked.since is not None:
        params["since"] = (now - asked.since).isoformat()
    try:
        answer = httpx.get(url + _GAPS, params=params, headers={"authorization": f"Bearer {token}"}, timeout=_TIMEOUT_S)
        found: dict[str, Any] = answer.json()
    except (httpx.TransportError, ValueError) as error:
        aside.print(escape(f"{url} cannot be asked ({type(error).__name__}). Does `make up` still run?"))
        return UNTRIED
    if answer.status_code != httpx.codes.OK:
        aside.print(escape(f"{answer.status_code}: {found.get('detail') or found.get('title', 'no details')}"))
        return UNTRIED
    if asked.outline is not None:
        return _draft(found["gaps"], asked.outline, console, aside)
    if asked.as_json:
        console.out(json.dumps(found, indent=2, ensure_ascii=False), highlight=False)
    else:
        _table(found, console)
    return GOOD


def _draft(gaps: list[dict[str, Any]], gap_id: str, console: Console, aside: Console) -> int:
    gap = next((one for one in gaps if one["gap_id"] == gap_id), None)
    if gap is None:
        aside.print(escape(f"There is no open gap {gap_id} among the first {_MOST}."))
        return NOTHING
    if gap["outline"] is None:
        aside.print(escape(gap["outline_missing"]))
        return NOTHING
    console.out(gap["outline"], end="", highlight=False)
    return GOOD


def _table(found: dict[str, Any], console: Console) -> None:
    gaps = found["gaps"]
    if gaps:
        table = Table("asked", "customers", "last", "question", "draft from", "id", box=None, pad_edge=False)
        for gap in gaps:
            table.add_row(
                str(gap["count"]), str(gap["customers"]), gap["last_asked"][:10], escape(gap["question"]),
                escape(", ".join(gap["tickets"])) or "\u2013", gap["gap_id"],
            )  # fmt: skip
        console.print(table)
    else:
        console.print("No question is without a good answer.")
    if found["further"]:
        console.print(f"{found['further']} more are open: --limit shows them.")
    if found["noise"]:
        console.print(f"{found['noise']} were left out as small talk.")
    if any(gap["outline"] for gap in gaps):
        console.print("A draft: aiguy kb gaps --outline ID > article.md")
