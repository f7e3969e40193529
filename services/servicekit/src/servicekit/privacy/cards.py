"""Payment card numbers."""

import re
from collections.abc import Iterator

from stdnum import luhn

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind
from servicekit.privacy.labels import Label, label_of

_CANDIDATE = re.compile(r"(?<![\w])(?<!\d[.,])(?<!\w-)\d(?:(?:[ .\-]| - |  )?\d){11,18}+(?!\w)(?![.,]\d)")
#: The beginnings that card schemes use, with the lengths of their numbers.
_SCHEMES = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|220[0-4]\d{12}"
    r"|(?:50|5[6-9]|6\d)\d{10,17}|8[12]\d{14}|(?:1800|2131)\d{11}"
)


def cards(page: Page) -> Iterator[Claim]:
    """Numbers of a card scheme with a right check digit, and any of 13 to 19 digits that are called a card's."""
    for found in _CANDIDATE.finditer(page.text):
        start, end = found.span()
        digits = "".join(char for char in found[0] if char.isdigit())
        label = label_of(page, start, end)
        if label is Label.CARD and len(digits) > 12:
            yield Claim(strengths.CHECKED, Kind.CARD, start, end)
        elif label is not Label.GOODS and _SCHEMES.fullmatch(digits) and luhn.is_valid(digits):
            strength = strengths.LABELLED - 10 if label is Label.ORDER and len(digits) != 16 else strengths.CHECKED
            yield Claim(strength, Kind.CARD, start, end)
