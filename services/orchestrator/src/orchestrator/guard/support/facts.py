"""Hard facts of a text: quantities with their units, dates, codes, addresses, names. What must agree to the letter."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from orchestrator.guard.support.words import is_content, spelled_out, stem

_NUMBERS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100, "thousand": 1000,
}  # fmt: skip
_MONTHS = {
    "january": 1, "february": 2, "march": 3, "april": 4, "may": 5, "june": 6, "july": 7, "august": 8,
    "september": 9, "october": 10, "november": 11, "december": 12, "jan": 1, "feb": 2, "mar": 3, "apr": 4,
    "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
#: Unit by its written form: (dimension, factor). Durations of the same dimension can be compared: 2 weeks = 14 days.
_UNITS: dict[str, tuple[str, float]] = {}
for _written, _dimension, _factor in (
    ("minute minutes min mins minuten minuti minutos minuut minuten", "hour", 1 / 60),
    ("hour hours hr hrs stunde stunden heure heures hora horas ora ore uur uren", "hour", 1.0),
    ("day days tag tage tagen jour jours día días giorno giorni dag dagen", "hour", 24.0),
    ("week weeks woche wochen semaine semaines semana semanas settimana settimane weken", "hour", 168.0),
    ("month months monat monate monaten mois mes meses mese mesi maand maanden", "month", 1.0),
    ("year years yr yrs jahr jahre jahren an ans année années año años anno anni jaar", "month", 12.0),
    ("workday workdays weekday weekdays werktag werktage werktagen werkdag werkdagen", "workday", 1.0),
    ("arbeitstag arbeitstage arbeitstagen", "workday", 1.0),
    ("usd dollar dollars $ us$", "USD", 1.0), ("eur euro euros €", "EUR", 1.0), ("gbp pound pounds £", "GBP", 1.0),
    ("cad", "CAD", 1.0), ("chf", "CHF", 1.0), ("cent cents", "cent", 1.0),
    ("% percent pct prozent", "%", 1.0), ("kg kilo kilos kilogram kilograms", "g", 1000.0), ("g gram grams", "g", 1.0),
    ("lb lbs", "lb", 1.0), ("km", "m", 1000.0), ("m metre metres meter meters", "m", 1.0), ("cm", "m", 0.01),
    ("mm", "m", 0.001), ("inch inches", "inch", 1.0), ("l litre litres liter liters", "l", 1.0), ("ml", "l", 0.001),
    ("°c", "°c", 1.0), ("°f", "°f", 1.0), ("mb", "mb", 1.0), ("gb", "mb", 1000.0),
):  # fmt: skip
    for _one in _written.split():
        _UNITS[_one] = (_dimension, _factor)
_WEEKDAYS = frozenset({
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu", "fri",
    "sat", "sun",
})  # fmt: skip
#: Written with capitals, and no name of anything of the shop's.
_NO_NAMES = frozenset({"pdf", "utc", "ok", "faq", "sms", "pin", "qr", "id", "url", "i", "et", "est", "cet"})
_DAY = 24.0
_WORKING = frozenset({"working", "business", "ouvrés", "ouvrables", "hábiles", "laborables", "lavorativi", "werk"})
_JOINS = frozenset({"to", "-", "–", "and", "or", "bis", "à", "a", "o", "ou", "oder", "tot", "und", "y", "e", "en"})
_COMPOUND = re.compile(
    r"\b(twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[- ](one|two|three|four|five|six|seven|eight|nine)\b",
    re.I,
)

_TOKEN = re.compile(
    r"(?P<url>https?://[^\s)\]>\"'”“]+|www\.[^\s)\]>\"'”“]+)"
    r"|(?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<token><[a-z_]{2,20}_[a-z2-7]{8}>)"
    r"|(?P<iso>\d{4}-\d\d-\d\d)(?:T(?P<clock>\d\d:\d\d)[\d:.]*Z?)?"
    r"|(?P<masked>[•*]{2,}[A-Za-z0-9-]+)"
    r"|(?P<time>\b\d{1,2}[:.]\d\d(?:\s?[ap]\.?m\b\.?)|\b\d{1,2}:\d\d|\b\d{1,2}\s?[ap]\.?m\b\.?)"
    r"|(?P<code>\b(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\b)"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    r"|(?P<sign>[$€£%]|°[CF]\b)|(?P<dash>[-–])"
    r"|(?P<word>[^\W\d_]+(?:['’.][^\W\d_]+)*)"
    r"|(?P<stop>[.!?:;,|()\n])",
)
_GLUED = re.compile(r"^(\d+)(kg|g|cm|mm|m|km|l|ml|h|hr|hrs|min|days?|d|usd|eur|gbp|lbs?|gb|mb|%)$", re.IGNORECASE)
_ORDINAL = re.compile(r"^(\d+)(?:st|nd|rd|th)$", re.IGNORECASE)


class Fact(NamedTuple):
    """One fact. `kind`: a dimension (`USD`, `hour`, `%`, "" for a bare number), or `date`, `time`, `code`, `name` …"""

    kind: str
    value: str

    @property
    def counts(self) -> bool:
        """Whether it is a number of some kind."""
        return self.kind not in ("code", "link", "name", "token")


class _Piece(NamedTuple):
    kind: str
    text: str
    start: int


def facts_of(text: str, *, names: bool = True) -> tuple[Fact, ...]:
    """The facts of a text in order. `names`: words with a capital that do not begin a sentence, too."""
    text = _COMPOUND.sub(lambda found: str(_NUMBERS[found[1].lower()] + _NUMBERS[found[2].lower()]), spelled_out(text))
    pieces = [_Piece(str(found.lastgroup), found[0], found.start()) for found in _TOKEN.finditer(text)]
    return tuple(dict.fromkeys(_read(pieces, names=names)))


def agrees(fact: Fact, known: Iterable[Fact]) -> bool:
    """Whether one of the known facts says the same. A bare number fits the same number with any unit."""
    if fact.kind == "":
        return any(one.value == fact.value for one in known if one.counts)
    return fact in known


def _read(pieces: list[_Piece], *, names: bool) -> Iterator[Fact]:
    used: set[int] = set()
    for index, piece in enumerate(pieces):
        if index in used:
            continue
        match piece.kind:
            case "url" | "email":
                yield Fact("link", piece.text.rstrip(".,;:!?").lower())
            case "token":
                yield Fact("token", piece.text)
            case "masked":
                yield Fact("code", piece.text.lstrip("•*").lower())
            case "iso" | "clock":
                year, month, day = piece.text[:10].split("-")
                yield Fact("date", f"{int(day)}.{int(month)}")
                yield Fact("", year)
                if "T" in piece.text:
                    yield Fact("time", piece.text[11:16])
            case "time":
                yield Fact("time", _clock(piece.text))
            case "code":
                yield from _code(piece, pieces, index, used)
            case "number":
                yield _quantity(_value(piece.text), pieces, index, used)
            case "word":
                yield from _word(piece, pieces, index, used, names=names)
            case _:
                pass


def _code(piece: _Piece, pieces: list[_Piece], index: int, used: set[int]) -> Iterator[Fact]:
    if glued := _GLUED.match(piece.text):
        unit = {"h": "hour", "d": "day"}.get(glued[2].lower(), glued[2].lower())
        yield _with_unit(float(glued[1]), unit)
    elif ordinal := _ORDINAL.match(piece.text):
        yield _quantity(float(ordinal[1]), pieces, index, used)
    elif "-" in piece.text and piece.text.partition("-")[0].isdigit():
        number, _, word = piece.text.partition("-")  # "4-season", "30-day"
        yield _with_unit(float(number), word.lower()) if word.lower() in _UNITS else Fact("", _shown(float(number)))
    else:
        yield Fact("code", piece.text.lower())


def _word(piece: _Piece, pieces: list[_Piece], index: int, used: set[int], *, names: bool) -> Iterator[Fact]:
    lowered = piece.text.lower()
    if lowered in _NUMBERS and (lowered != "one" or _unit_at(pieces, index + 1) is not None):
        yield _quantity(float(_NUMBERS[lowered]), pieces, index, used)
    elif lowered in ("a", "an") and (unit := _unit_at(pieces, index + 1)) is not None and unit[0] in ("hour", "month"):
        yield Fact(unit[0], _shown(unit[1]))
    elif (month := _month(piece, pieces, index)) is not None:
        yield Fact("date", f"{month[1]}.{month[0]}" if month[1] else f"month.{month[0]}")
    elif lowered in _NO_NAMES:
        return
    elif names and piece.text[0].isupper() and not _begins(pieces, index) and is_content(lowered) and len(lowered) > 1:
        if lowered not in _UNITS and lowered not in _MONTHS and lowered not in _WEEKDAYS:
            yield Fact("name", stem(lowered))
    elif names and piece.text[0].isupper() and any(char.isupper() for char in piece.text[1:]) and is_content(lowered):
        yield Fact("name", stem(lowered))  # FastShip, SLA: a name wherever it stands


def _quantity(value: float, pieces: list[_Piece], index: int, used: set[int]) -> Fact:
    before = pieces[index - 1] if index else None
    if before is not None and before.text in "$€£" and before.kind == "sign":
        return _with_unit(value, before.text)
    if before is not None and before.text.lower() in ("usd", "eur", "gbp", "cad", "chf"):
        after = _unit_at(pieces, index + 1)
        if after is None:
            return _with_unit(value, before.text.lower())
    unit = _unit_at(pieces, index + 1)
    if unit is None and _text(pieces, index + 1) in _JOINS:
        further = pieces[index + 2] if index + 2 < len(pieces) else None
        if further is not None and (further.kind == "number" or further.text.lower() in _NUMBERS):
            unit = _unit_at(pieces, index + 3)
            if unit is None and _text(pieces, index + 3) == "percent":
                unit = _UNITS["%"]
    if unit is not None:
        return Fact(unit[0], _shown(value * unit[1]))
    if 1 <= value <= 31 and value == int(value):
        month = _day_of(pieces, index)
        if month is not None:
            used.add(month[1])
            return Fact("date", f"{int(value)}.{month[0]}")
    return Fact("", _shown(value))


def _day_of(pieces: list[_Piece], index: int) -> tuple[int, int] | None:
    """The month beside a day: `15 November`, `November 15`, `15th of November`."""
    for at in (index + 1, index - 1, index + 2):
        if 0 <= at < len(pieces) and pieces[at].kind == "word":
            word = pieces[at].text.lower().rstrip(".")
            if word in _MONTHS and (at != index + 2 or _text(pieces, index + 1) in ("of", "st", "nd", "rd", "th")):
                return _MONTHS[word], at
    return None


def _month(piece: _Piece, pieces: list[_Piece], index: int) -> tuple[int, int] | None:
    """A month with its day when one follows (`November 15`); a month alone has day 0. `may` is not a month alone."""
    word = piece.text.lower().rstrip(".")
    if word not in _MONTHS or not piece.text[0].isupper():
        return None
    after = pieces[index + 1] if index + 1 < len(pieces) else None
    if after is not None and after.kind in ("number", "code") and _day(after.text):
        return None  # the number itself becomes the date
    return None if word in ("may", "march", "mar") and index == 0 else (_MONTHS[word], 0)


def _day(text: str) -> bool:
    digits = text.rstrip("stndrh")
    return digits.isdigit() and 1 <= int(digits[:4]) <= 31


def _unit_at(pieces: list[_Piece], index: int) -> tuple[str, float] | None:
    word = _text(pieces, index)
    if word == "-" or word in ("full", "whole", "calendar", "us", "more", "further", "additional", "consecutive"):
        index, word = index + 1, _text(pieces, index + 1)
    if word in _WORKING and _text(pieces, index + 1) in _UNITS:
        kind, factor = _UNITS[_text(pieces, index + 1)]
        return ("workday", 1.0) if factor == _DAY else (f"work{kind}", factor)
    if word in ("jours", "giorni", "días") and _text(pieces, index + 1) in _WORKING:
        return "workday", 1.0
    if word == "per" and _text(pieces, index + 1) == "cent":
        return _UNITS["%"]
    return _UNITS.get(word)


def _text(pieces: list[_Piece], index: int) -> str:
    return pieces[index].text.lower() if 0 <= index < len(pieces) else ""


def _begins(pieces: list[_Piece], index: int) -> bool:
    """Whether a word begins a sentence, a line, a table cell or what stands behind a colon."""
    return index == 0 or (pieces[index - 1].kind == "stop" and pieces[index - 1].text in ".!?:\n|")


def _with_unit(value: float, unit: str) -> Fact:
    kind, factor = _UNITS.get(unit, ("", 1.0))
    return Fact(kind, _shown(value * factor))


def _value(text: str) -> float:
    """`1,000`, `1.000` are a thousand; `5,90` and `5.90` are not."""
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        return float(re.sub(r"[.,]", "", text))
    if re.fullmatch(r"\d+[.,]\d+", text):
        return float(text.replace(",", "."))
    cents = re.fullmatch(r"(\d{1,3}(?:[.,]\d{3})+)[.,](\d{1,2})", text)
    if cents:
        return float(re.sub(r"[.,]", "", cents[1]) + "." + cents[2])
    return float(re.sub(r"[.,]", "", text)[:15])


def _clock(text: str) -> str:
    found = re.match(r"(\d{1,2})(?:[:.](\d\d))?\s?([ap])?", text.lower())
    if found is None:
        return text
    hour, minute = int(found[1]), int(found[2] or 0)
    if found[3] == "p" and hour < 12:
        hour += 12
    if found[3] == "a" and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}"


def _shown(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
