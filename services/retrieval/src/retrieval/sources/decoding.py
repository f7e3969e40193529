"""Bytes as text, when it is sure what they mean: a guess would store words that nobody wrote."""

import codecs
import re
import unicodedata

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_PUNCTUATION = frozenset("‘’“”„‚–—…•€£¥©®™°§«»¿¡½¼¾²³×·†")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
#: Western European text is mostly ASCII. More than this, and it is another alphabet read wrongly.
_MOST_ACCENTS = 0.15


class Undecodable(ValueError):
    """It is not sure which characters these bytes are; the text says so for a person."""


def decode(raw: bytes, declared: str | None = None) -> str:
    """The text. `declared` is the encoding that the page or the server names. Raises Undecodable."""
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _strictly(raw, encoding)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return _otherwise(raw, declared)
    if text.count("\x00") > len(text) // 8:
        return _otherwise(raw, declared)
    return text


def _otherwise(raw: bytes, declared: str | None) -> str:
    if declared and _known(declared) not in (None, "utf-8"):
        return _strictly(raw, declared)
    if (text := _wide(raw)) is not None:
        return text
    text = raw.decode("cp1252", errors="replace")
    if _is_western(text):
        return text
    raise Undecodable("is in an encoding that cannot be told for sure. Save it as UTF-8")


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        raise Undecodable(f"says that it is {encoding[:20]}, and is not. Save it as UTF-8") from None


def _known(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _wide(raw: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of European text is zero."""
    if len(raw) < 4 or len(raw) % 2:
        return None
    for encoding, zeros in (("utf-16-le", raw[1::2]), ("utf-16-be", raw[0::2])):
        if zeros.count(0) > len(zeros) * 0.7:
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                return None
    return None


def _is_western(text: str) -> bool:
    accents = [letter for letter in text if ord(letter) > 127]
    if _CONTROL.search(text) or "\ufffd" in text or len(accents) > len(text) * _MOST_ACCENTS:
        return False
    return all(
        letter in _PUNCTUATION or letter == "\xa0" or unicodedata.category(letter) in ("Ll", "Lu") for letter in accents
    )
