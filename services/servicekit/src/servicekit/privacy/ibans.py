"""International bank account numbers, in any grouping and case."""

import re
from collections.abc import Iterator

from stdnum import iban

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind
from servicekit.privacy.labels import Label, label_of

#: How long the numbers of each country are.
_LENGTHS = {
    "ad": 24, "ae": 23, "al": 28, "at": 20, "az": 28, "ba": 20, "be": 16, "bg": 22, "bh": 22, "br": 29,
    "by": 28, "ch": 21, "cr": 22, "cy": 28, "cz": 24, "de": 22, "dk": 18, "do": 28, "ee": 20, "eg": 29,
    "es": 24, "fi": 18, "fo": 18, "fr": 27, "gb": 22, "ge": 22, "gi": 23, "gl": 18, "gr": 27, "gt": 28,
    "hr": 21, "hu": 28, "ie": 22, "il": 23, "iq": 23, "is": 26, "it": 27, "jo": 30, "kw": 30, "kz": 20,
    "lb": 28, "lc": 32, "li": 21, "lt": 20, "lu": 20, "lv": 21, "ly": 25, "mc": 27, "md": 24, "me": 22,
    "mk": 19, "mr": 27, "mt": 31, "mu": 30, "nl": 18, "no": 15, "pk": 24, "pl": 28, "ps": 29, "pt": 25,
    "qa": 29, "ro": 24, "rs": 22, "sa": 24, "sc": 31, "se": 24, "si": 19, "sk": 24, "sm": 27, "st": 25,
    "sv": 28, "tl": 23, "tn": 24, "tr": 26, "ua": 29, "va": 22, "vg": 24, "xk": 20,
}  # fmt: skip
_START = re.compile(r"(?<![a-z0-9])([a-z]{2})[ -]?\d[ -]?\d(?=[ .-]?[a-z0-9])")


def ibans(page: Page) -> Iterator[Claim]:
    """Numbers as their country writes them with right check digits, or of its length behind a word for an account.

    "me 25 dollars for QZ173763" has the length and the check digits of Montenegro, where an account has digits only.
    """
    for found in _START.finditer(page.lower):
        length = _LENGTHS.get(found[1])
        if length is None:
            continue
        end, number = _taken(page.lower, found.start(), length)
        if number is None:
            continue
        if iban.is_valid(number, check_country=False):
            yield Claim(strengths.CHECKED, Kind.IBAN, found.start(), end)
        elif label_of(page, found.start(), end) is Label.ACCOUNT:
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
