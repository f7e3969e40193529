"""Telephone numbers, national and international."""

import re
from collections.abc import Iterator
from typing import Self

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_CANDIDATE = re.compile(r"(?<![\w./,-])\(?\+?\d(?:[\s().-]{0,2}\d){7,14}(?!\w)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Phones:
    """Finds telephone numbers with the number plans of many countries."""

    @classmethod
    def load(cls) -> Self:
        """With the plans of `phonenumbers` read."""
        return cls()

    def __call__(self, page: Page) -> Iterator[Claim]:
        """Every number of the page."""
        for found in _CANDIDATE.finditer(page.text):
            if not _DATE.match(found[0]):
                yield Claim(strengths.SHAPED, Kind.PHONE, found.start(), found.end())
