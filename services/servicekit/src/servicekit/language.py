"""Which language a text is in, among those that we have phrases for. A model of 5 MB on numpy; 0.1 ms a text."""

import re
from typing import Literal

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

Language = Literal["en", "de", "fr", "es", "it", "nl", "other"]

LANGUAGES: tuple[Language, ...] = ("en", "de", "fr", "es", "it", "nl")
#: Told apart from ours, so that Polish is not taken for Dutch; all of them are `other`.
_FURTHER = ("pt", "pl", "sv", "da", "cs", "tr", "ro", "fi", "hu")
_SURE, _SURE_OTHER = 0.9, 0.99
_POSSIBLE, _POSSIBLY_ENGLISH = 0.1, 0.4
_MIN_LETTERS = 8
_MIN_WORDS_OTHER = 3
#: What is in no language: addresses, masked values, order numbers.
_NO_WORDS = re.compile(r"https?://\S+|\S+@\S+|<\w+>|\S*\d\S*")
#: Without any of these a text has nothing of the kind.
_SIGNS = re.compile(r"[:@<\d]")
_LETTERS = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")


class LanguageDetector:
    """Says a language only when it is sure: short texts such as "ok" or "refund" are in none."""

    def __init__(self, identifier: LanguageIdentifier) -> None:
        """Use `LanguageDetector.load()`."""
        self._identifier = identifier

    @classmethod
    def load(cls) -> "LanguageDetector":
        """Loads the model (about a second, blocking)."""
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        identifier.set_languages([*LANGUAGES, *_FURTHER])
        return cls(identifier)

    def likely(self, text: str) -> tuple[Language, ...]:
        """Those of our languages that a text of two words or more may be in, likeliest first; none if English may."""
        plain = _words(text[:2000])
        if len(plain.split()) < 2:
            return ()
        ranked = [(name, likeness) for name, likeness in self._identifier.rank(plain) if likeness >= _POSSIBLE]
        if any(name == "en" and likeness >= _POSSIBLY_ENGLISH for name, likeness in ranked):
            return ()
        ours: dict[str, Language] = {one: one for one in LANGUAGES if one != "en"}
        return tuple(ours[name] for name, _ in ranked if name in ours)

    def detect(self, text: str) -> Language | None:
        """The language of a text; None when it is short or could be several."""
        plain = _words(text[:2000])
        letters, latin = _letters(plain)
        if not letters:
            return None
        if latin * 2 < letters:
            return "other"
        if letters < _MIN_LETTERS:
            return None
        name, likeness = self._identifier.classify(plain)
        if name in LANGUAGES:
            return name if likeness >= _SURE else None
        sure = likeness >= _SURE_OTHER and len(plain.split()) >= _MIN_WORDS_OTHER
        return "other" if sure else None


def _words(text: str) -> str:
    """The words of a text with single blanks between them, without what is in no language."""
    # Nothing that is left out reaches over a blank, so that most words need no look.
    if _SIGNS.search(text) is None:
        return " ".join(text.split())
    looked = (_NO_WORDS.sub(" ", one) if _SIGNS.search(one) else one for one in text.split())
    return " ".join(" ".join(looked).split())


def _letters(text: str) -> tuple[int, int]:
    """How many letters a text has, and how many of them are Latin."""
    if text.isascii():
        return (letters := sum(map(str.isalpha, text))), letters
    found = _LETTERS.findall(text)
    return len(found), sum(map(bool, map(_LATIN.match, found)))
