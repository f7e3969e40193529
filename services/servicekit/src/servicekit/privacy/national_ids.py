"""Numbers that a state gave a person: by their form and check digits, or by the word that names them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from stdnum import luhn, verhoeff
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ch import ssn as ahv
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.it import codicefiscale
from stdnum.no import fodselsnummer
from stdnum.pl import pesel

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind
from servicekit.privacy.labels import Label, label_of

#: Words with digits in them, side by side: what an id can be written like.
_STRETCH = re.compile(
    r"\b(?<![@#])(?!(?:is|it|on|in|to|my|so|if|or|we|he|an|am|at|by|et|le|la|de|du|un|il|el|es|se|si|en|ik|te"
    r"|er|ja|zu|um|no|nr|[iaeyo])[ .-])(?:[a-z]{1,2}[ .-]?)?[a-z]{0,6}\d[a-z0-9]*(?:(?:[./+-]| [-+]? ?"
    r"|)(?:[a-z]{0,6}\d[a-z0-9]*|[a-z]{1,2}(?![\w'])))*+"
)
_TAIL = re.compile(
    r" (?:is|it|on|in|to|my|so|if|or|we|he|i|a|an|am|at|by|et|le|la|de|du|un|il|e|y|o|el|es|se|si|en|ik|is|te"
    r"|er|ja|es|zu|um)\Z"
)


def _dated(number: str) -> bool:
    """Whether it begins with a day: two digits each of year, month and day (Swedish: a co-ordination number adds 60)."""
    try:
        date(2000 + int(number[:2]) % 100, int(number[2:4]), int(number[4:6]) % 60 or 1)
    except ValueError:
        return False
    return True


def _swedish(number: str) -> bool:
    return _dated(number[-10:]) and luhn.is_valid(number[-10:])


def _danish(number: str) -> bool:
    return 1 <= int(number[:2]) <= 31 and 1 <= int(number[2:4]) <= 12


def _social_security(number: str) -> bool:
    return number[:3] not in {"000", "666"} and number[3:5] != "00" and number[5:] != "0000"


def _always(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class _Form:
    pattern: re.Pattern[str]
    check: Callable[[str], bool]


def _form(pattern: str, check: Callable[[str], bool] = _always) -> _Form:
    return _Form(re.compile(rf"(?<![\w])(?<!\d[./,-]){pattern}(?!\w)(?![./,-]\d)"), check)


_FORMS = (
    _form(r"\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}", _social_security),  # US
    _form(r"[a-ceghj-pr-tw-z][a-ceghj-npr-tw-z][ -]?\d{2}[ -]?\d{2}[ -]?\d{2}[ -]?[a-d]"),  # GB national insurance
    _form(r"[a-z9]{5}\d{6}[a-z9]{2}\d[a-z]{2}"),  # GB driving licence
    _form(r"\d{2} ?\d{3} ?\d{3} ?\d{3}", idnr.is_valid),  # DE tax id
    _form(r"\d{2} ?[0-3]\d[01]\d\d{2} ?[a-z] ?\d{3}"),  # DE social insurance
    _form(r"[lmnpr-tvwxyzcfghjk][0-9cfghjklmnprtvwxyz]{8}\d?<*d?", lambda number: sum(map(str.isdigit, number)) > 3),  # DE identity card
    _form(r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-4]\d) ?\d[\dab] ?\d{3} ?\d{3} ?\d{2}", lambda number: nir.is_valid(number.upper())),  # FR
    _form(r"\d{8}[ -]?[a-z]|\d{2}\.\d{3}\.\d{3}-?[a-z]", dni.is_valid),  # ES
    _form(r"[xyz][ -]?\d{7}[ -]?[a-z]", nie.is_valid),  # ES
    _form(r"[a-z]{6} ?\d{2}[a-ehlmprst]\d{2} ?[a-z]\d{3}[a-z]", lambda number: codicefiscale.is_valid(number.upper()) or len(number) == 16),  # IT
    _form(r"\d{11}", pesel.is_valid),  # PL
    _form(r"\d{11}", cpf.is_valid),  # BR
    _form(r"\d{6} ?\d{5}", fodselsnummer.is_valid),  # NO
    _form(r"(?:19|20)?\d{6}[-+]\d{4}", _swedish),  # SE
    _form(r"(?:19|20)\d{10}", _swedish),  # SE
    _form(r"\d{3}\.\d{3}\.\d{3}-\d{2}"),  # BR
    _form(r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", verhoeff.is_valid),  # IN Aadhaar
    _form(r"[a-z]{3}[abcfghjlpt][a-z]\d{4}[a-z]"),  # IN PAN
    _form(r"756\.?\d{4}\.?\d{4}\.?\d{2}", ahv.is_valid),  # CH
    _form(r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", nn.is_valid),  # BE
    _form(r"\d{6}-\d{4}", _danish),  # DK
    _form(r"\d{6}[-+a]\d{3}[a-y0-9]", lambda number: hetu.is_valid(number.upper())),  # FI
)  # fmt: skip


def national_ids(page: Page) -> Iterator[Claim]:
    """Every id of the page."""
    text = page.lower
    for stretch in _STRETCH.finditer(text):
        start, end = stretch.span()
        if end - start < 6:
            continue
        label = label_of(page, start, end)
        if label is Label.NATIONAL_ID:
            tail = _TAIL.search(text, start, end)
            end = tail.start() if tail else end
            if 5 <= sum(map(str.isalnum, text[start:end])) <= 24 and sum(map(str.isdigit, text[start:end])) > 3:
                yield Claim(strengths.LABELLED, Kind.NATIONAL_ID, start, end)
                continue
        if label is Label.ORDER or label is Label.GOODS or label is Label.PHONE:
            continue
        for form in _FORMS:
            for found in form.pattern.finditer(text, start, end):
                if form.check(re.sub(r"[ ./-]", "", found[0]) if form.check is not hetu.is_valid else found[0]):
                    yield Claim(strengths.CHECKED - 2, Kind.NATIONAL_ID, found.start(), found.end())
