"""International bank account numbers, in any grouping and case."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

#: How long the numbers of each country are.
_LENGTHS = {
    entry[:2]: int(entry[2:])
    for entry in ["ad24", "ae23", "al28", "at20", "az28", "ba20", "be16", "bg22", "bh22", "br29", "by28", "ch21", "cr22", "cy28", "cz24", "de22", "dk18", "do28", "ee20", "eg29", "es24", "fi18", "fo18", "fr27", "gb22", "ge22", "gi23", "gl18", "gr27", "gt28", "hr21", "hu28", "ie22", "il23", "iq23", "is26", "it27", "jo30", "kw30", "kz20", "lb28", "lc32", "li21", "lt20", "lu20", "lv21", "ly25", "mc27", "md24", "me22", "mk19", "mr27", "mt31", "mu30", "nl18", "no15", "pk24", "pl28", "ps29", "pt25", "qa29", "ro24", "rs22", "sa24", "sc31", "se24", "si19", "sk24", "sm27", "st25", "sv28", "tl23", "tn24", "tr26", "ua29", "va22", "vg24", "xk20"]
}
_START = re.compile(r"(?<![a-z0-9])([a-z]{2})[ -]?\d[ -]?\d(?=[ .-]?[a-z0-9])")
_LABEL = re.compile(r"iban\W|account|konto|compte|cuenta|conto|rekening")


def ibans(page: Page) -> Iterator[Claim]:
    """Numbers of their country's length with right check digits, or with a word for an account before them."""
    for found in _START.finditer(page.lower):
        length = _LENGTHS.get(found[1])
        if length is None:
            continue
        end, number = _taken(page.lower, found.start(), length)
        if number is None:
            continue
        if _checked(number):
            yield Claim(strengths.CHECKED, Kind.IBAN, found.start(), end)
        elif _LABEL.search(page.lower, max(0, found.start() - 30), found.start()):
            yield Claim(strengths.LABELLED, Kind.IBAN, found.start(), end)


def _taken(text: str, start: int, length: int) -> tuple[int, str | None]:
    """The next `length` letters and digits, one separator allowed between two; None when they are not there."""
    taken: list[str] = []
    place, gap = start, 0
    while place < len(text) and len(taken) < length:
        char = text[place]
        if char.isascii() and char.isalnum():
            taken.append(char)
            gap = 0
        elif char in " .-" and not gap:
            gap = 1
        else:
            return place, None
        place += 1
    if len(taken) < length or (place < len(text) and text[place].isalnum()):
        return place, None
    return place, "".join(taken)


def _checked(number: str) -> bool:
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1
