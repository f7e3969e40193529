"""Abuse: words that nobody of the shop says to a customer, whole ones only, in any of the languages."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from orchestrator.guard.output.forms import lettered

#: What letters are written as to get past a list of words.
_WRITTEN = {
    "a": "a4@*", "b": "b8", "c": "c(k*", "e": "e3*", "g": "g9", "i": "i1!|*", "l": "l1|", "o": "o0*", "s": "s5$",
    "t": "t7", "u": "uv*",
}  # fmt: skip
_GAP = r"[.*_·-]?"


@dataclass(frozen=True, slots=True)
class AbuseWords:
    """The words and patterns, ready to be searched for."""

    words: re.Pattern[str]
    patterns: re.Pattern[str]

    @classmethod
    def of(cls, words: Iterable[str], patterns: Iterable[str]) -> "AbuseWords":
        """From words in plain letters (`*` at the end: any ending) and from patterns."""
        # By their first letter: of a word of the text, those that begin otherwise are passed over at once.
        begun = groupby(sorted(set(words), key=lambda word: (word[0], -len(word), word)), key=lambda word: word[0])
        listed = "|".join(f"{_begin(first)}(?:{'|'.join(map(_written, group))})" for first, group in begun)
        return cls(re.compile(rf"(?<![^\W_])(?:{listed})(?![^\W_])"), re.compile("|".join(patterns)))


def abuse_words(policy: Mapping[str, Mapping[str, Sequence[str]]]) -> AbuseWords:
    """From the policy file: words and patterns by language."""
    languages = [one for one in policy.values() if isinstance(one, Mapping)]
    return AbuseWords.of(
        (word for one in languages for word in one.get("words", ())),
        (pattern for one in languages for pattern in one.get("patterns", ())),
    )


def is_abusive(forms: tuple[str, ...], abuse: AbuseWords) -> bool:
    """Whether a text in any of its forms insults, threatens or swears."""
    for form in forms:
        text = lettered(form)
        if abuse.words.search(text) or abuse.patterns.search(text):
            return True
    return False


def _begin(first: str) -> str:
    return re.escape(first) if first not in "a@" else "[a@4]"


def _written(word: str) -> str:
    """A word without its first letter, as it may be written."""
    letters = [" " if one == " " else _GAP + (f"[{re.escape(_WRITTEN[one])}]" if one in _WRITTEN else one) + "{1,4}"
               for one in word.rstrip("*")[1:]]  # fmt: skip
    return "".join(letters) + (r"[^\W_]*" if word.endswith("*") else "")
