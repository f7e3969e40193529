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
        plain = " ".join(_NO_WORDS.sub(" ", text[:2000]).split())
        if len(plain.split()) < 2:
            return ()
        ranked = [(name, likeness) for name, likeness in self._identifier.rank(plain) if likeness >= _POSSIBLE]
        if any(name == "en" and likeness >= _POSSIBLY_ENGLISH for name, likeness in ranked):
            return ()
        ours: dict[str, Language] = {one: one for one in LANGUAGES if one != "en"}
        return tuple(ours[name] for name, _ in ranked if name in ours)

    def detect(self, text: str) -> Language | None:
        """The language of a text; None when it is short or could be several."""
        plain = " ".join(_NO_WORDS.sub(" ", text[:2000]).split())
        letters = _LETTERS.findall(plain)
        if not letters:
            return None
        if sum(1 for one in letters if not _LATIN.match(one)) * 2 > len(letters):
            return "other"
        if len(letters) < _MIN_LETTERS:
            return None
        name, likeness = self._identifier.classify(plain)
        if name in LANGUAGES:
            return name if likeness >= _SURE else None
        sure = likeness >= _SURE_OTHER and len(plain.split()) >= _MIN_WORDS_OTHER
        return "other" if sure else None
