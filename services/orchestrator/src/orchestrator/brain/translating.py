"""The shop's words of other languages in English: enough to find the page, no translation of anything that is said."""

import re
from collections.abc import Iterator, Mapping

from orchestrator.brain.policy_files import read_policy

_NUMBER = r"\d{1,7}(?:[.,]\d{1,3})*"
_CURRENCIES = {
    "usd": r"\$|usd\b|(?:us[- ]?)?d[oó]l+ar\w*", "eur": r"€|euros?\b|eur\b", "gbp": r"£|gbp\b|pfund\b|pond(?:en)?\b",
}  # fmt: skip
_CURRENCY = "|".join(_CURRENCIES.values())
_MONEY = re.compile(rf"(?:{_CURRENCY})\s?{_NUMBER}|{_NUMBER}\s?(?:{_CURRENCY})", re.IGNORECASE)
_WORD = re.compile(rf"<\w+>|{_MONEY.pattern}|[^\W_]+(?:['’-][^\W_]+)*", re.IGNORECASE)
_LONGEST = 3
_BEGINNING = re.compile(r"(?:\*')?[^*]+")


class Vocabulary:
    """`policy/languages/<language>.yaml`, by words; a `*` stands for any ending, `*'` for any elided word before.

    Raises `ValueError` for a key that could begin with anything."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._whole = {key: value for key, value in words.items() if "*" not in key}
        # Hundreds, of which the longest counts: found by how they begin, or a message costs milliseconds.
        self._open: dict[str, list[tuple[int, re.Pattern[str], str]]] = {}
        for rank, key in enumerate(sorted((key for key in words if "*" in key), key=len, reverse=True)):
            beginning = _BEGINNING.match(key)
            if beginning is None:
                raise ValueError(f"{key!r} must begin with a word, or with *' and a word")
            self._open.setdefault(beginning.group(), []).append((rank, _pattern(key), words[key]))

    @classmethod
    def load(cls, language: str) -> "Vocabulary":
        """The vocabulary of a language that we have."""
        return cls({str(key): str(value) for key, value in read_policy(f"languages/{language}")["vocabulary"].items()})

    def in_english(self, text: str) -> str:
        """The known words in English, in their order; of the others only numbers, masked values and names of things."""
        words = [_plain(word) for word in _WORD.findall(text)]
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
        open_ = (entry for beginning in _beginnings(words) for entry in self._open.get(beginning, ()))
        found = [(rank, english) for rank, pattern, english in open_ if pattern.fullmatch(words)]
        return min(found)[1] if found else None


def _plain(word: str) -> str:
    """An amount as it is written in English: `12,50 €` is `12.50 eur`. Other words as they are."""
    number = re.search(_NUMBER, word)
    if number is None or _MONEY.fullmatch(word) is None:
        return word
    code = next(code for code, names in _CURRENCIES.items() if re.search(names, word, re.IGNORECASE))
    return f"{re.sub(r',(?=[0-9]{1,2}$)', '.', re.sub(r'[.,](?=[0-9]{3})', '', number[0]))} {code}"


def _beginnings(words: str) -> Iterator[str]:
    """All that a key for these words may begin with: `l'articles` is found under `l'art…` and under `*'art…`."""
    for size in range(1, len(words) + 1):
        yield words[:size]
    for at, char in enumerate(words):
        if char == "'":
            for end in range(at + 2, len(words) + 1):
                yield f"*'{words[at + 1 : end]}"


def _pattern(key: str) -> re.Pattern[str]:
    return re.compile(re.escape(key).replace(r"\*", r"[^\W_]*(?:[-'][^\W_]+)*"))
