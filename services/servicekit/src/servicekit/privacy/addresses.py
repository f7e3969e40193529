"""Postal addresses: streets with what belongs to them, postcodes with their town, and what a label announces."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind
from servicekit.privacy.localities import standalone, with_head, with_tail
from servicekit.privacy.streets import streets

_LABEL = re.compile(
    r"\b(?:(?:shipping|delivery|billing"
    r"|postal|home|new|my|mailing|street|invoice|correct|current|our|old) address(?: is(?: now)?| to"
    r"| should be|:| =)|address(?: is|:)"
    r"|adresse(?: ist| lautet| est| :|:)|(?:liefer|rechnungs|versand)adresse(?: ist| lautet|:)?"
    r"|anschrift(?: ist| lautet|:)?|wohne (?:jetzt )?(?:in|an)(?: der| dem)?|(?:direcci[oó]n"
    r"|domicilio)(?: de \w+)?(?: es| nueva es|:)|vivo en|indirizzo(?: di \w+)?(?: è|:)|abito (?:in|a)"
    r"|j'habite(?: au)?|(?:adres|bezorgadres|afleveradres|factuuradres)(?: is|:)|woon (?:op|aan|in)|(?:ship"
    r"|deliver|send|forward)(?: it| them| this| the \w+)? to:?|i live (?:at|on)|we live (?:at|on)|living at"
    r"|lives? at|lived at|return (?:it |them )?to:?|address with"
    r"|moved to|lieferung an|liefern an)[ :\n]{1,3}"
)
#: Every label holds one of these.
_LABELS = (
    "adres", "address", "anschrift", "wohne", "direcci", "domicilio", "viv", "indirizzo", "abit", "woon", "ship",
    "deliver", "send", "forward", "live", "living", "return", "moved", "liefer",
)  # fmt: skip
_CHUNK = re.compile(
    r"[^\n.!?;]{0,90}?(?:\n[^\n.!?;:]{3,45}){0,4}?(?=$|\n\n|\n(?:thanks|danke|merci|gracias|grazie|bedankt"
    r"|regards|phone|tel|email|best)|[!?;]|\.(?:\s|$)| (?:and|und|but|aber|please|instead|thanks|et|y|because"
    r"|not|statt|nicht|rather)\b)"
)
_NO_ADDRESS = re.compile(
    r"@|https?:|\b(?:days?|tage|jours|hours?|eur|usd|orders?|pairs?|€|tomorrow|today|o'clock|pm|am|invoice"
    r"|refund|card|store|friday|monday|tuesday|wednesday|thursday|saturday|sunday|week|month|may|june|july"
    r"|percent|people|friends|addresses|different|separate|places|locations|shops|boxes|kids|other|since|minutes)\b"
)
_LABELLED_CODE = re.compile(
    r"\b(?:zip(?: ?code)?|postal code|plz|postleitzahl|code postal|código postal|cap)(?: is|:)? (?P<code>\d{4,6})\b"
)
_OF_A_MACHINE = re.compile(r"(?:mail |ip |web |mac |e-)\Z")
_ARTICLE = re.compile(r"(?:la|de|het|der|dem|den|the) ")
_PARTS = re.compile(r"(?:, ?|\n| at | c/o )")


def addresses(page: Page) -> Iterator[Claim]:
    """Every address of the page, as one stretch."""
    text = page.lower
    if not _DIGIT.search(text):
        return
    found = [(with_head(text, start), with_tail(text, end)) for start, end in streets(text)]
    found += standalone(page.text, text)
    if any(mark in text for mark in _LABELS):
        found += [chunk for label in _LABEL.finditer(text) if (chunk := _announced(text, label))]
    found += [one.span("code") for one in _LABELLED_CODE.finditer(text)]
    for start, end in _merged(found):
        yield Claim(strengths.ADDRESS, Kind.ADDRESS, start, end)


_DIGIT = re.compile(r"\d")


def _announced(text: str, label: re.Match[str]) -> tuple[int, int] | None:
    """What follows "ship it to:" as far as it reads like an address: some words and a number."""
    article = _ARTICLE.match(text, label.end())
    start = article.end() if article else label.end()
    chunk = _CHUNK.match(text, start)
    if (
        chunk is None
        or _OF_A_MACHINE.search(text, max(0, label.start() - 8), label.start())
        or _NO_ADDRESS.search(chunk[0])
    ):
        return None
    end = start + len(chunk[0].rstrip(" ,.-"))
    parts = [start, *(found.end() for found in _PARTS.finditer(text, start, end)), end]
    for place in range(len(parts) - 1):  # names and firms before the street are no part of it
        if _DIGIT.search(text, parts[place], parts[place + 1]):
            start = parts[place]
            break
    else:
        return None
    return (start, end) if re.search(r"[^\W\d_]{3}", text[start:end]) and end - start > 7 else None


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Stretches that overlap as one."""
    last: tuple[int, int] | None = None
    for start, end in sorted(spans):
        if last is None or start >= last[1]:
            if last is not None:
                yield last
            last = start, end
        else:
            last = last[0], max(last[1], end)
    if last is not None:
        yield last
