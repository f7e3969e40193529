"""Texts in which the personal data is marked, and how well a finder finds it.

A text is one JSON string per line, its values marked as in `call [[phone|020 7946 0958]]`. A value counts as found when
what was found of its kind covers it: nine tenths of its letters and digits, of names and addresses (where a town or a
title may or may not belong to it) six tenths. What was found counts as right when it touches a value of its kind.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from servicekit.privacy import STRUCTURED, Finder, Found, Kind

_MARKED = re.compile(r"\[\[([a-z_]+)\|(.*?)\]\]", re.DOTALL)
#: Every third text is kept aside: patterns are not fitted to it.
_HELD_OUT_EVERY = 3


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text, and what stands in it."""

    text: str
    values: tuple[Found, ...]
    held_out: bool


@dataclass(slots=True)
class Score:
    """Counts per kind: values there, values found, findings, and the right ones of these; and what went wrong."""

    there: Counter[Kind] = field(default_factory=Counter)
    found: Counter[Kind] = field(default_factory=Counter)
    findings: Counter[Kind] = field(default_factory=Counter)
    right: Counter[Kind] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def recall(self, kinds: Iterable[Kind]) -> float:
        """The share of values of these kinds that was found; 1 when there was none."""
        return _share(self.found, self.there, kinds)

    def precision(self, kinds: Iterable[Kind]) -> float:
        """The share of findings of these kinds that was right; 1 when there was none."""
        return _share(self.right, self.findings, kinds)


def read(folder: Path) -> list[Labelled]:
    """The texts of every `.jsonl` file of a folder, in order."""
    lines = (line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines())
    return [_parsed(json.loads(line), held_out=place % _HELD_OUT_EVERY == 2) for place, line in enumerate(lines)]


def score(finder: Finder, texts: Iterable[Labelled]) -> Score:
    """How well the finder does on the texts."""
    counted = Score()
    for one in texts:
        findings = finder.find(one.text)
        for value in one.values:
            counted.there[value.kind] += 1
            if _covered(one.text, value, findings):
                counted.found[value.kind] += 1
            else:
                counted.missed.append(f"{value.kind} {one.text[value.start : value.end]!r} in {one.text!r}")
        for finding in findings:
            counted.findings[finding.kind] += 1
            if any(finding.kind is value.kind and _touch(finding, value) for value in one.values):
                counted.right[finding.kind] += 1
            else:
                counted.wrong.append(f"{finding.kind} {one.text[finding.start : finding.end]!r} in {one.text!r}")
    return counted


def _parsed(marked: str, *, held_out: bool) -> Labelled:
    text, values, place = "", [], 0
    for found in _MARKED.finditer(marked):
        text += marked[place : found.start()]
        values.append(Found(Kind(found[1]), len(text), len(text) + len(found[2])))
        text += found[2]
        place = found.end()
    return Labelled(text + marked[place:], tuple(values), held_out)


def _covered(text: str, value: Found, findings: Iterable[Found]) -> bool:
    signs = [place for place in range(value.start, value.end) if text[place].isalnum()]
    same = [one for one in findings if one.kind is value.kind]
    covered = sum(any(one.start <= place < one.end for one in same) for place in signs)
    return covered >= (0.9 if value.kind in STRUCTURED else 0.6) * len(signs)


def _touch(one: Found, other: Found) -> bool:
    return one.start < other.end and other.start < one.end


def _share(part: Counter[Kind], whole: Counter[Kind], kinds: Iterable[Kind]) -> float:
    chosen = tuple(kinds)
    total = sum(whole[kind] for kind in chosen)
    return sum(part[kind] for kind in chosen) / total if total else 1.0
