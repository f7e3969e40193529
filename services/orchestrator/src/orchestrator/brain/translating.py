"""The shop's words of other languages in English: enough to find the page, no translation of anything that is said."""

import re
from collections.abc import Mapping

from orchestrator.brain.policy_files import read_policy

_WORD = re.compile(r"<\w+>|[^\W_]+(?:['’-][^\W_]+)*")
_LONGEST = 3


class Vocabulary:
    """`policy/languages/<language>.yaml`, by words; a `*` stands for any ending."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._whole = {key: value for key, value in words.items() if "*" not in key}
        starts = sorted((key for key in words if "*" in key), key=len, reverse=True)
        self._starts = tuple((_pattern(key), words[key]) for key in starts)

    @classmethod
    def load(cls, language: str) -> "Vocabulary":
        """The vocabulary of a language that we have."""
        return cls({str(key): str(value) for key, value in read_policy(f"languages/{language}")["vocabulary"].items()})

    def in_english(self, text: str) -> str:
        """The known words in English, in their order; of the others only numbers, masked values and names of things."""
        words = _WORD.findall(text)
        found: list[str] = []
        at = 0
        while at < len(words):
            for size in range(min(_LONGEST, len(words) - at), 0, -1):
                english = self._look_up(" ".join(words[at : at + size]).lower().replace("’", "'"))
                if english is not None:
                    found.append(english)
                    at += size
                    break
            else:
                # Numbers, masked values, and names that are spelled alike everywhere: DHL, PayPal.
                plain = words[at][1:].islower() or words[at][1:] == ""
                if any(char.isdigit() for char in words[at]) or words[at].startswith("<") or not plain:
                    found.append(words[at])
                at += 1
        return " ".join(dict.fromkeys(found))

    def knows(self, text: str) -> bool:
        """Whether a text has a word of the shop in it that English does not have."""
        words = [word.lower() for word in _WORD.findall(text) if len(word) > 3]
        return any((english := self._look_up(word)) is not None and english.lower() != word for word in words)

    def _look_up(self, words: str) -> str | None:
        if words in self._whole:
            return self._whole[words]
        return next((english for pattern, english in self._starts if pattern.fullmatch(words)), None)


def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(re.escape(key).replace(r"\*", r"[^\W_]*(?:[-'][^\W_]+)*"))
