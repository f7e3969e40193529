"""Telephone numbers, national and international.

A number with a plus or a word for a phone before it is taken as it is; one without has to look like a number of a plan
that we know. Dates, times, prices and the numbers of orders and goods look alike: they are left out first.
"""

import re
from collections.abc import Iterator
from typing import Self

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind
from servicekit.privacy.labels import Label, label_of

_CANDIDATE = re.compile(
    r"(?<![\w@#$€£¥%&=_/])(?<!\d[.,:])(?<!\w-)(?<![\w]\.)[+(]{0,2}\d(?:(?:[ .\-/]|\(0\)|[()] ?| ?[-–/] ?| \("
    r"|  )?\d){5,40}+"
    r"(?!\w)(?![.,:]\d)(?! ?[%€£¥]| ?(?:eur|usd|gbp|chf|pln|sek|kr|zł|euros?|dollars?|pounds?|km|kg|mm|cm|ml"
    r"|px|mah|points?|punkte|stück|pieces|pcs|units)\b)"
)
_EXTENSION = re.compile(r",? ?(?:ext|extension|x|durchwahl|dw|poste|int|anexo|toestel)\.? ?\d{1,5}\b")
_DATE = re.compile(
    r"(?:(?:19|20)\d\d([-./ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d"
    r"|3[01])([-./])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)?\d\d)(?!\d)"
    r"|(?:19|20)\d\d ?[-/] ?(?:19|20)?\d\d\Z|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4,6})?\Z"
    r"|\d{1,2}[.:]\d\d ?-? ?\d{1,2}[.:]\d\d\Z"
)
_SHAPES = re.compile(
    r"(?:\+?1[ .-]?)?(?:\(\d{3}\) ?-?|\d{3}-)\d{3}[-. ]\d{4}"  # North America
    r"|(?:\+?1[ .-]?)?[2-9]\d{2}([. /])\d{3}[. -]\d{4}"
    r"|\(0?\d{1,5}\)[ -]?\d{2,5}(?:[ -]?\d{2,5}){1,3}"
    r"|0\d{1,5}[ ./-]{1,3}\d{2,8}(?:[ .-]?\d{2,5}){0,4}"  # a trunk zero and groups
    r"|[6789]\d{2}([ .-])\d{3}\2\d{3}|[6789]\d{2}([ .-])\d{2}\3\d{2}\3\d{2}"  # Spain, Portugal, Poland
    r"|[2-9]\d( )\d\d\4\d\d\4\d\d|[1-9]\d{2} \d{2} \d{3}"  # Denmark, Norway
    r"|3\d{2}[ .-]\d{3}[ .-]?\d{3,4}|3\d{2}[ .-]\d{6,7}|3\d{2}[ .-]\d{2}[ .-]\d{2}[ .-]\d{3}"  # Italian mobiles
    r"|[6-9]\d{4}[ -]\d{5}"  # India
    r"|\d{2} 9?\d{4}[ -]\d{4}|9\d{4}-\d{4}"  # Brazil, Mexico
    r"|8[ (-]{1,2}9\d{2}[) -]{1,2}\d{3}[ -]\d{2}[ -]\d{2}"
    r"|1[38]00[ -]\d{3}[ -]\d{3}|1-?8(?:00|33|44|55|66|77|88)-\d{3}-\d{4}"  # service numbers
)
_BARE_MOBILE = re.compile(r"[6-9]\d{9}|[2-9](?!11)\d{2}[2-9]\d{6}|1[3-9]\d{9}")
#: Countries whose national numbers begin with a zero that is dialled only there.
_TRUNK_ZERO = (
    "AT", "AU", "BE", "BG", "CH", "CN", "DE", "EG", "FI", "FR", "GB", "HR", "ID", "IE", "IL", "IN", "IT", "JP", "KE", "KR",
    "MY", "NG", "NL", "NZ", "PH", "PK", "RO", "RS", "SE", "SI", "SK", "TH", "TR", "TW", "UA", "VN", "ZA",
)  # fmt: skip


class Phones:
    """Finds telephone numbers with the number plans of many countries."""

    def __init__(self, national: re.Pattern[str]) -> None:
        self._national = national

    @classmethod
    def load(cls) -> Self:
        """With the plans of `phonenumbers` read."""
        plans = [PhoneMetadata.metadata_for_region(region) for region in _TRUNK_ZERO]
        bodies = [plan.general_desc.national_number_pattern for plan in plans if plan and plan.general_desc]
        return cls(re.compile(r"0(?:" + "|".join(f"(?:{body})" for body in bodies) + ")", re.VERBOSE))

    def __call__(self, page: Page) -> Iterator[Claim]:
        """Every number of the page, with its extension."""
        for found in _CANDIDATE.finditer(page.lower):
            for start, end in _parts(page.lower, *found.span()):
                claim = self._claim(page, start, end)
                if claim is not None:
                    yield claim

    def _claim(self, page: Page, start: int, end: int) -> Claim | None:
        text = page.lower[start:end]
        if _DATE.match(text):
            return None
        label = label_of(page, start, end)
        length = self._length(text, label)
        if not length:
            return None
        end = start + length
        extension = _EXTENSION.match(page.lower, end)
        strength = strengths.LABELLED if label is Label.PHONE or text.startswith("+") else strengths.SHAPED
        return Claim(strength, Kind.PHONE, start, extension.end() if extension else end)

    def _length(self, text: str, label: Label | None) -> int:
        """How many characters of `text` are the number; 0: none."""
        for part in _shorter(text):
            if self._is_number(part, label):
                return len(part)
        return 0

    def _is_number(self, text: str, label: Label | None) -> bool:
        digits = "".join(char for char in text if char.isdigit())
        if text.lstrip("(").startswith("+") or (digits.startswith("00") and len(digits) > 9 and digits[2:3] != "0"):
            return 8 <= len(digits) <= 17 and _international(digits.removeprefix("00"), len(text.split()) > 4)
        if label is Label.PHONE:
            return 6 <= len(digits) <= 15
        if label is not None:
            return False
        if len(digits) < len(text) and _SHAPES.fullmatch(text):
            return True
        if digits == text:
            return bool(_BARE_MOBILE.fullmatch(text)) or (len(text) < 12 and bool(self._national.fullmatch(text)))
        return digits.startswith("0") and bool(self._national.fullmatch(digits))


def _international(digits: str, many_groups: bool) -> bool:
    """Whether it is dialled like this; a number that only nearly is one counts unless something may hang on its end."""
    number = phonenumbers.parse("+" + digits.replace("(0)", "")) if _known_code(digits) else None
    if number is None:
        return False
    return not many_groups or phonenumbers.is_possible_number(number)


def _known_code(digits: str) -> bool:
    return any(int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE for length in (1, 2, 3))


def _shorter(text: str) -> Iterator[str]:
    """The text, then without its last groups, as a number that follows may hang on it."""
    yield text
    for _ in range(2):
        head, gap, _last = text.rpartition(" ")
        if not gap:
            return
        text = head.rstrip(" -/.(")
        yield text


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretch, or its parts where two numbers stand side by side."""
    if sum(char.isdigit() for char in text[start:end]) <= 15:
        yield start, end
        return
    place = start
    for piece in re.split(r"( / | - |  |/)", text[start:end]):
        if 6 <= sum(char.isdigit() for char in piece) <= 15:
            yield place, place + len(piece)
        place += len(piece)
