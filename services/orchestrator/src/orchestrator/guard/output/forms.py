"""A text in the forms in which something could hide in it: look-alike letters, entities, escapes, gaps, base64."""

import base64
import binascii
import html
import re
import unicodedata
from urllib.parse import unquote

#: What is not seen: format characters, directions, fillers, tags, controls. A joiner between two emoji stays.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff\x00-\x08\x0b-\x1f\x7f-\x9f]"
    "|\u200d(?![\u2600-\u27bf\U0001f000-\U0001faff])|\ufe0f{2,}"
)
_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТХУаеѕіјорсхуԁԛԝһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορτυхɑɡıℓ‐‑‒−’‘ʼ＇“”",
    "ABESIJKMHOPCTXYaesijopcxydqwhlABEZHIKMNOPTYXavoptuxagil----''''\"\"",
)
_EMPHASIS = re.compile(r"[*`~\\]+")
_SPACED = re.compile(r"(?<![^\s\"'(<])(?:[^\s.,;:!?](?: |[-_.] ?)){4,}[^\s](?![^\s\"')>,.!?])")
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{16,}={0,2}")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}|&[#A-Za-z]|\\[ux][0-9A-Fa-f]{2}")
_UNICODE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})")
_MARKS = re.compile("[\u0300-\u036f]+")
_SPACE = re.compile(r"\s+")
MAX_ENCODED = 20


def plain(text: str) -> str:
    """The text as a reader sees it: compatible letters as one, nothing invisible, look-alikes as Latin letters."""
    if text.isascii() and INVISIBLE.search(text) is None:
        return text
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).translate(_ALIKE)


def worded(text: str) -> str:
    """The text for patterns of words: as `lettered`, without emphasis and repeated spaces."""
    return _SPACE.sub(" ", _EMPHASIS.sub("", lettered(text))).strip()


def lettered(text: str) -> str:
    """The plain text in lower case and without accents."""
    lowered = plain(text).casefold()
    return lowered if lowered.isascii() else _MARKS.sub("", unicodedata.normalize("NFD", lowered))


def forms(text: str) -> tuple[str, ...]:
    """The plain text first, then every other form of it that differs: unescaped, without emphasis or gaps, decoded."""
    first = plain(text)
    found = [first]
    if _ESCAPED.search(first):
        opened = first
        for _ in range(2):
            opened = html.unescape(unquote(_UNICODE.sub(_letter, opened)))
        found.append(plain(opened))
    found += [
        changed
        for one in tuple(found)
        for changed in (_EMPHASIS.sub("", one), _SPACED.sub(_closed, one))
        if changed != one
    ]
    found += [plain(decoded) for decoded in decoded_runs(first)]
    return tuple(dict.fromkeys(found))


def decoded_runs(text: str) -> list[str]:
    """What the text's runs of base64 say, where that is text at all."""
    runs = _ENCODED.findall(text)[:MAX_ENCODED]
    return [said for run in runs if (said := _decoded(run)) is not None]


def _decoded(run: str) -> str | None:
    if run.isalpha() and (run.islower() or run.isupper()):
        return None
    body = run.rstrip("=").translate(str.maketrans("-_", "+/"))
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return raw if all(" " <= char <= "~" or char == "\n" for char in raw) else None


def _closed(found: re.Match[str]) -> str:
    return re.sub(r"[-_.]? ", "", found[0]) if " " in found[0] else found[0]


def _letter(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))
