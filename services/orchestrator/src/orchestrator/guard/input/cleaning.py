"""Text without what nobody can see, and text as it is judged: one spelling for what looks alike."""

import re
import unicodedata

#: Shown as nothing, or turning the reading direction around. Joiners stay: emoji and several scripts need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("[\u034f\u061c\u115f\u1160\u17b4\u17b5\u200c-\u200f\u3164\ufe00-\ufe0f\uffa0]")
_MARKS = re.compile("[\u0300-\u036f\u0489\u064b-\u065f\u20d0-\u20f0]")
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[a-z]")
_LOOKS_LATIN = str.maketrans(
    "абвгеёікмнорстухцѕјԁһӏԛԝүαβγεηικνορστυχωϲϳօսոհցզɑɡıɩʟɴʀѵ",
    "abbreeikmhopctyxusjdhlqwyabyenikvopotuxwcjounhgqagiilnrv",
)
_HIDDEN_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")


def readable(text: str) -> str:
    """The text without control characters, invisible ones and those that turn the direction; line breaks stay."""
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", text)


def hidden_tags(text: str) -> str:
    """What was written in invisible tag characters, as plain text; '' when nothing was."""
    if text.isascii():
        return ""
    return " ".join("".join(chr(ord(one) - 0xE0000) for one in found) for found in _HIDDEN_TAGS.findall(text))


def folded(text: str) -> str:
    """The text as it is judged: compatible forms made one, no accents, small letters, look-alikes made Latin."""
    if text.isascii():
        return text.lower()
    plain = _JOINERS.sub("", _UNSEEN.sub("", unicodedata.normalize("NFKC", text))).casefold().replace("’", "'")
    plain = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", plain)))
    return _WORD.sub(_as_latin, plain)


def _as_latin(found: re.Match[str]) -> str:
    """A word that mixes Latin letters with ones that look like them; words of one script stay as they are."""
    word = found[0]
    return word if word.isascii() or not _LATIN.search(word) else word.translate(_LOOKS_LATIN)
