"""Reads the cases. A file has what most of its cases share (`category`, `tier`, `who` …), and `cases`: a list of them.

Errors name the file, the case, and what may be meant.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from evalbench.case import Case, Effects, OwnOrder, Said, keys_of

CASES = Path(__file__).resolve().parents[1] / "cases"
_KEYS = sorted({key for model in (Case, Said, Effects, OwnOrder) for key in keys_of(model)})


class BadCases(Exception):
    """The cases cannot be used; one line per reason."""


def read_cases(folder: Path = CASES) -> tuple[Case, ...]:
    """All cases below `folder`, by file and place. Raises BadCases."""
    cases: list[Case] = []
    wrong: list[str] = []
    for path in sorted(folder.rglob("*.yaml")):
        name = str(path.relative_to(folder))
        for place, row in enumerate(_rows(path, name, wrong), 1):
            try:
                cases.append(Case.model_validate(row))
            except ValidationError as error:
                label = row.get("id", f"number {place}") if isinstance(row, Mapping) else f"number {place}"
                wrong += [f"{name}, case {label}: {_said(one)}" for one in error.errors(include_url=False)]
    wrong += [f"the id {one} is used twice" for one in _twice([case.id for case in cases])]
    if not cases and not wrong:
        wrong.append(f"{folder}: no case was found")
    if wrong:
        raise BadCases("\n".join(wrong))
    return tuple(cases)


def chosen(cases: Sequence[Case], only: str | None) -> tuple[Case, ...]:
    """The cases whose id, category or tier is, or begins with, one of `only` (with commas between). Raises BadCases."""
    if not only:
        return tuple(cases)
    wanted = tuple(part.strip() for part in only.split(",") if part.strip())
    found = tuple(
        case for case in cases if case.category in wanted or case.tier.value in wanted or case.id.startswith(wanted)
    )
    if not found:
        raise BadCases(f"no case has an id, a category or a tier like {only}")
    return found


def _rows(path: Path, name: str, wrong: list[str]) -> list[Any]:
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        wrong.append(f"{name}: {' '.join(str(error).split())}")
        return []
    if not isinstance(rows, Mapping) or not isinstance(rows.get("cases"), list):
        wrong.append(f"{name}: a mapping with a list of `cases` is needed")
        return []
    shared = {key: value for key, value in rows.items() if key != "cases"}
    return [{**shared, **row} if isinstance(row, Mapping) else row for row in rows["cases"]]


def _said(error: ErrorDetails) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] != "extra_forbidden":
        return f"{where}: {error['msg']}" if where else error["msg"]
    key = str(error["loc"][-1])
    like = difflib.get_close_matches(key, _KEYS, n=1)
    meant = f", is {like[0]} meant?" if like else f"; known are {', '.join(_KEYS)}"
    return f"{where}: there is no such key{meant}"


def _twice(ids: list[str]) -> list[str]:
    return sorted({one for one in ids if ids.count(one) > 1})
