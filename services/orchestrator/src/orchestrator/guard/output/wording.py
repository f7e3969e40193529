"""Patterns of the policy files, one for all languages, with the groups of words that they name."""

import re
from collections.abc import Mapping, Sequence

#: A clause that is asked, up to its end.
QUESTION = re.compile(r"(?:[^,;:.!–—]|[.,:](?=\d))*\?\W*")
#: A sentence that is one, whatever its clauses; where emphasis hides a full stop, two may stand together.
ASKING = re.compile(r"(?:[^.!]|[.!](?! ))*\?")
_NAMED = re.compile(r"<(\w+)>")
#: A group of words may name others, and they others again.
_DEPTH = 3


def any_of(by_language: Mapping[str, list[str]], words: Mapping[str, Mapping[str, str]]) -> re.Pattern[str]:
    """One pattern of all languages; of none, one that never matches. Raises `KeyError` for an unknown group."""
    patterns = [_filled(one, words.get(language, {})) for language, listed in by_language.items() for one in listed]
    return re.compile("|".join(patterns) or r"(?!)")


def one_of(by_language: Mapping[str, Sequence[str]]) -> str:
    """The pattern of one whole word, or of one of the phrases, of any language."""
    return rf"(?<!\w)(?:{'|'.join(one for listed in by_language.values() for one in listed)})(?!\w)"


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    for _ in range(_DEPTH):
        pattern = _NAMED.sub(lambda found: f"(?:{words[found[1]]})", pattern)
    return pattern
