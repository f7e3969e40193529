"""Two texts of a policy, line by line. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

#: Around each change so many lines are shown that are the same.
_AROUND = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line: gone, new, or the same; its numbers in the older and the newer text (None: it is not there). `gap`: lines
    that are the same were left out before it.
    """

    kind: Literal["gone", "new", "same"]
    old: int | None
    new: int | None
    text: str
    gap: bool = False


def lines_between(old: str, new: str) -> list[Line]:
    """What became of the older text; empty when both are the same."""
    left, right = old.splitlines(), new.splitlines()
    found: list[Line] = []
    for group in SequenceMatcher(None, left, right, autojunk=False).get_grouped_opcodes(_AROUND):
        start = len(found)
        for tag, low, high, other_low, other_high in group:
            if tag == "equal":
                found += _same(left, low, high, other_low)
                continue
            found += [Line("gone", number + 1, None, left[number]) for number in range(low, high)]
            found += [Line("new", None, number + 1, right[number]) for number in range(other_low, other_high)]
        first = found[start]
        found[start] = Line(first.kind, first.old, first.new, first.text, gap=start > 0)
    return found


def _same(left: Sequence[str], low: int, high: int, other_low: int) -> list[Line]:
    return [Line("same", low + place + 1, other_low + place + 1, left[low + place]) for place in range(high - low)]
