"""What a text says when it is decoded: each candidate is judged like the text itself. Bounded in number and length."""

import base64
import binascii
import codecs
import html
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote

from orchestrator.guard.input.cleaning import folded, hidden_tags

MOST_CHARACTERS = 4_000
_MOST_PIECES, _DEEPEST = 4, 2

_BASE64 = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/-])")
_HEX = re.compile(r"(?<!\w)(?:[0-9a-fA-F]{2}[ :,]?){8,}(?!\w)")
_BINARY = re.compile(r"\b[01]{8}(?:[ ,]?[01]{8}){3,}\b")
_CODES = re.compile(r"\b\d{2,3}(?:[ ,]+\d{2,3}){7,}\b")
_ESCAPED = re.compile(r"\\x([0-9a-fA-F]{2})|\\u\{?([0-9a-fA-F]{4})\}?")
_URL = re.compile(r"(?:%[0-9a-fA-F]{2}.{0,6}){2}")
_HTML = re.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,5}|[a-z]{2,6});", re.IGNORECASE)
_LEET = re.compile(r"(?<![\w$@!|])(?=[\w$@!|]*[a-z])(?=[\w$@!|]*[0134579$@!|])[a-z0134579$@!|]{3,16}(?![\w])")
_LEET_LETTERS = str.maketrans("0134579$@!|", "oieastgsaii")
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?:([ .*_\-/|+,])[^\W\d_])(?:\1{1,3}[^\W\d_]){3,}(?!\w)")
_SPLIT = re.compile(r"(?<=[a-z])[.*_|](?=[a-z])")
_TWO_OR_MORE = re.compile(r"\s{2,}|[.*_\-/|+,]{2,}")


def decoded(text: str, segmented: Callable[[str], str], depth: int = 1) -> Iterator[tuple[str, str]]:
    """What the text may hide, as (`how`, folded text); `segmented` puts spaces between the words it knows.

    Rot13 and reading backwards are tried always, all else only where the text looks like it.
    """
    text = text[:MOST_CHARACTERS]
    plain = folded(text)
    if tags := hidden_tags(text):
        yield "invisible", folded(tags)
    for how, found in (*_escapes(text), *_pieces(text)):
        yield how, folded(found)
        if depth < _DEEPEST:
            yield from decoded(found, segmented, depth + 1)
    if _LEET.search(plain):
        yield "leet", _LEET.sub(lambda one: one[0].translate(_LEET_LETTERS), plain)
    if _SPACED.search(plain):
        yield "spaced", _SPACED.sub(lambda one: _joined(one[0], segmented), plain)
    if _SPLIT.search(plain):
        yield "split", _SPLIT.sub("", plain)
    yield "rot13", codecs.encode(plain, "rot13")
    yield "reversed", plain[::-1]


def _escapes(text: str) -> Iterator[tuple[str, str]]:
    if _ESCAPED.search(text):
        yield "escaped", _ESCAPED.sub(lambda one: chr(int(one[1] or one[2], 16)), text)
    if _URL.search(text):
        yield "url", unquote(text, errors="replace")
    if "&" in text and _HTML.search(text):
        yield "html", html.unescape(text)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Pieces of the text that are another text in a code."""
    for how, pattern, decode in _CODINGS:
        for found in list(pattern.finditer(text))[:_MOST_PIECES]:
            piece = decode(found[0])
            if piece is not None:
                yield how, piece


def _from_base64(piece: str) -> str | None:
    if piece.islower() or piece.isdigit():
        return None
    padded = piece.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return _legible(base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _from_hex(piece: str) -> str | None:
    digits = re.sub(r"[^0-9a-fA-F]", "", piece)
    return _legible(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _from_binary(piece: str) -> str | None:
    bits = re.sub(r"[^01]", "", piece)
    return _legible(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)))


def _from_codes(piece: str) -> str | None:
    codes = [int(one) for one in re.findall(r"\d+", piece)]
    return _legible(bytes(codes)) if max(codes) < 128 else None


_CODINGS: tuple[tuple[str, re.Pattern[str], Callable[[str], str | None]], ...] = (
    ("base64", _BASE64, _from_base64), ("hex", _HEX, _from_hex), ("binary", _BINARY, _from_binary),
    ("codes", _CODES, _from_codes),
)  # fmt: skip


def _legible(data: bytes) -> str | None:
    """The bytes as text, when nearly all of it is letters, blanks and the like; None for an id or a picture."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    fine = sum(one.isalpha() or one in " .,:;!?'\n-_" for one in text)
    return text if text and fine >= 0.85 * len(text) else None


def _joined(spaced: str, segmented: Callable[[str], str]) -> str:
    """`i g n o r e` as `ignore`; two blanks part words, else the words that are known do."""
    words = _TWO_OR_MORE.split(spaced)
    return " ".join(segmented(re.sub(r"[^\w]|_", "", one)) for one in words)
