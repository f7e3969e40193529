"""Text as it is meant: full-width digits, unusual spaces and invisible characters folded, with the way back.

Detectors see the folded text; what they find is told in places of the text as it was written.
"""

import re
import unicodedata
from dataclasses import dataclass, field

#: Characters that NFKC changes, that are invisible, or that combine; most texts have none of them.
_UNUSUAL = re.compile(
    r"[\u00a0\u00ad\u0300-\u036f\u034f\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    r"\u2000-\u2015\u2018\u2019\u201a-\u201f\u2022-\u202f\u2043\u205f-\u2064\u2066-\u206f\u2070-\u209f\u20d0-\u20ff\u2100-\u214f\u2212\u2460-\u24ff"
    r"\u3000\u3164\ufe00-\ufe0f\ufe50-\ufe6f\ufeff\uff00-\uffef\U0001d400-\U0001d7ff\U000e0000-\U000e007f]"
)
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d")
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"'}


@dataclass(frozen=True, slots=True)
class Page:
    """The folded text, the same in lower case (of the same length), and where each of its characters came from."""

    text: str
    lower: str
    origins: tuple[int, ...] | None  # None: nothing was folded
    labels: dict[tuple[int, int], str | None] = field(default_factory=dict, compare=False)  # what `labels` worked out

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the text as it was written that `text[start:end]` stands for."""
        if self.origins is None:
            return start, end
        return self.origins[start], self.origins[end - 1] + 1 if end > start else self.origins[start]


def fold(text: str) -> Page:
    """The page of a text. Linear; for plain text nothing is copied but the lower case."""
    if text.isascii() or not _UNUSUAL.search(text):
        return Page(text, _lower(text), None)
    pieces: list[str] = []
    origins: list[int] = []
    for place, char in enumerate(text):
        if not char.isascii() and pieces and unicodedata.combining(char):
            composed = unicodedata.normalize("NFC", pieces[-1] + char)
            if len(composed) == 1:  # a letter and its accent, written as two
                pieces[-1] = composed
            continue
        for folded in _folded(char):
            pieces.append(folded)
            origins.append(place)
    origins.append(len(text))
    folded_text = "".join(pieces)
    return Page(folded_text, _lower(folded_text), tuple(origins))


def _folded(char: str) -> str:
    if char.isascii():
        return char
    if char in _DASHES:
        return "-"
    if char in _QUOTES:
        return _QUOTES[char]
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in {"Cf", "Mn", "Me"} or char in "\u115f\u1160\u3164\u034f":
        return ""
    if category == "Zs":
        return " "
    return unicodedata.normalize("NFKC", char) if _UNUSUAL.match(char) else char


def _lower(text: str) -> str:
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(char.lower()[:1] for char in text)
