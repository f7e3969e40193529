"""People that the caller knows to stand in a text."""

import re
from collections.abc import Collection, Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page, fold
from servicekit.privacy.kinds import Claim, Kind


def known_names(page: Page, names: Collection[str]) -> Iterator[Claim]:
    """Where one of the names, or a part of one with at least three letters, stands as a word. A number that stands in
    somebody's name is none: elsewhere it is an amount or a day.
    """
    whole = {" ".join(fold(name).lower.split()) for name in names}
    parts = {
        part for name in whole for part in re.split(r"[ .,]+", name) if len(part) > 2 and any(map(str.isalpha, part))
    } | whole
    wanted = "|".join(re.escape(part).replace(r"\ ", r"\s+") for part in sorted(parts - {""}, key=len, reverse=True))
    if not wanted:
        return
    for found in re.finditer(rf"(?<!\w)(?:{wanted})(?!\w)", page.lower):
        yield Claim(strengths.KNOWN, Kind.NAME, found.start(), found.end())
