"""One-time codes as they are written: eight letters that make no word (RFC 8628, 6.1), such as `WDJB-MJHT`. Pure."""

import hmac
import re

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_HALF = 4
#: What mail programs and people make of the line in the middle is the same code.
_CODE = re.compile(
    rf"(?i)(?<![A-Z0-9])([{_LETTERS}]{{{_HALF}}})[ \t]?[-\u2010-\u2015]?[ \t]?([{_LETTERS}]{{{_HALF}}})(?![A-Z0-9])",
    re.ASCII,
)
_MASK = "[code]"
_MARKS = re.compile(r"[\s>|*_]+")


def make_code(key: bytes, about: str) -> str:
    """The code for what it is about: always the same one under a key, and without the key anybody's guess."""
    number = int.from_bytes(hmac.digest(key, f"code|{about}".encode(), "sha256"))
    letters = ""
    for _ in range(2 * _HALF):
        number, rest = divmod(number, len(_LETTERS))
        letters += _LETTERS[rest]
    return f"{letters[:_HALF]}-{letters[_HALF:]}"


def codes_in(text: str) -> list[str]:
    """All that look like codes in a text, each once, as they were made."""
    return list(dict.fromkeys(f"{first}-{last}".upper() for first, last in _CODE.findall(text)))


def without_codes(text: str) -> str:
    """The text with a mark in the place of each code, a wrong one's too: it is safe to keep."""
    return _CODE.sub(_MASK, text)


def words_beside(text: str) -> str:
    """What is said beside the codes; "" when that is nothing."""
    told = _CODE.sub(" ", text).lstrip(" \t\r\n.,;:!-").rstrip()
    return told if any(one.isalnum() for one in told) else ""


def quotes(text: str, sentence: str) -> bool:
    """Whether a sentence of ours stands in the text, however a mail program has broken and marked it."""
    return _plain(sentence) in _plain(text)


def _plain(text: str) -> str:
    return _MARKS.sub(" ", text).strip().casefold()
