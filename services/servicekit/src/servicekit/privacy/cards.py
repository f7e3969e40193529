"""Payment card numbers."""

import re
from collections.abc import Iterator

from stdnum import luhn

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_CANDIDATE = re.compile(r"(?<![\w.])\d(?:[ .-]{0,2}\d){11,18}(?![\w])")


def cards(page: Page) -> Iterator[Claim]:
    """Numbers of 13 to 19 digits with a right check digit."""
    for found in _CANDIDATE.finditer(page.text):
        digits = "".join(char for char in found[0] if char.isdigit())
        if len(digits) > 12 and luhn.is_valid(digits):
            yield Claim(strengths.CHECKED, Kind.CARD, found.start(), found.end())
