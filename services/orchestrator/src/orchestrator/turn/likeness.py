"""Whether something was said, whatever its spelling: ids without separators, amounts in any notation. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_RUN = re.compile(r"[^\W_]+")
#: Digits with what may stand between them in an amount or an id; a lone space only before three digits.
_NUMBER = re.compile(r"(?<![\d])\d+(?:[.,'’]\d+|[ \u00a0\u202f]\d{3}(?!\d))*")
_DECIMALS = re.compile(r"^(\d[\d.,'’ \u00a0\u202f]*?)[.,](\d{1,2})$")
_NO_DIGIT = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Words:
    """A text as runs of letters and digits, in one case: `Order #abc-123` holds `ABC123`, and `1234` holds no `123`."""

    runs: tuple[str, ...]
    joined: str
    starts: frozenset[int]
    ends: frozenset[int]

    @classmethod
    def of(cls, text: str) -> "Words":
        """The words of a text."""
        starts, ends, at = set(), set(), 0
        runs = _RUN.findall(_folded(text))
        for run in runs:
            starts.add(at)
            at += len(run)
            ends.add(at)
        return cls(tuple(runs), "".join(runs), frozenset(starts), frozenset(ends))

    def rows(self, size: int) -> Iterator[str]:
        """Each `size` runs that stand side by side; none when there are fewer."""
        return (" ".join(self.runs[at : at + size]) for at in range(len(self.runs) - size + 1))

    def hold(self, value: str) -> bool:
        """Whether the value stands in the text as whole words, whatever separates them. Nothing is held by nothing."""
        wanted = "".join(_RUN.findall(_folded(value)))
        at = self.joined.find(wanted) if wanted else -1
        while at >= 0:
            if at in self.starts and at + len(wanted) in self.ends:
                return True
            at = self.joined.find(wanted, at + 1)
        return False


def minor_amounts(text: str, digits: int, not_these: str = "") -> Iterator[int]:
    """The amounts that a text names, in minor units of a currency with so many decimal digits.

    `50`, `50.00` and `50,00` are 5000; a whole number may also mean minor units. `not_these` is an id: one number of
    the text that spells its digits is that id, and no amount.
    """
    spent = _NO_DIGIT.sub("", not_these)
    for found in _NUMBER.finditer(text):
        number = found[0]
        plain = _NO_DIGIT.sub("", number)
        if spent and plain == spent:
            spent = ""
            continue
        parts = _DECIMALS.match(number) if digits else None
        if parts is not None:
            whole, rest = _NO_DIGIT.sub("", parts[1]), parts[2]
            yield int(whole + rest.ljust(digits, "0")[:digits])
        else:
            yield int(plain) * 10**digits
            yield int(plain)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
