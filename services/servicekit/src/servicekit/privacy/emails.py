"""E-mail addresses, also those written out: `ada (at) example (dot) com`."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_PLAIN = re.compile(
    r"""(?:"[^"\n@]{1,60}"|(?<![\w.+%'-])[\w.!#$%&'*+/=?^`{|}~-]{1,64})@(?:[\w-]{1,63}(?:\.[\w-]{1,63})+|\[[\d.]{7,15}\])"""
)


def emails(page: Page) -> Iterator[Claim]:
    """Every address of the page."""
    if "@" in page.text:
        for found in _PLAIN.finditer(page.text):
            yield Claim(strengths.EMAIL, Kind.EMAIL, found.start(), found.end())
