"""Typing errors in what a customer wants: "refnud my ordr". Only towards the words that the Brain knows wishes by."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

#: A shorter word has too many neighbours.
SHORTEST = 4
_WORD = re.compile(r"(?<![\w<@./-])[a-z]+(?![\w>@-]|\.\w)")
#: Right, but for the apostrophe.
_CONTRACTED = frozenset({
    "arent", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hasnt", "havent", "hows", "isnt", "lets",
    "shouldnt", "thats", "theres", "theyre", "wasnt", "werent", "weve", "whats", "wheres", "whos", "wont", "wouldnt",
    "youre", "youve",
})  # fmt: skip
_PLAIN = re.compile(r"[a-z]+")


class Spelling:
    """Puts a word right when it is no word, and one letter (or two that changed places) makes it a word of wishes.

    `wishes`: texts that hold those words. `words`: the common words of the language, in lower case. Words with a
    capital, a digit or a mark in them are left alone: they are names and numbers.
    """

    def __init__(self, wishes: Iterable[str], words: Iterable[str]) -> None:
        known = {word for text in wishes for word in _PLAIN.findall(text.lower())}
        self._real = known | _CONTRACTED | set(words)
        self._near = _by_deletion(word for word in known if len(word) >= SHORTEST)

    def righted(self, text: str) -> str:
        """The text with its typing errors put right."""
        return _WORD.sub(lambda found: self._right(found[0]), text)

    def _right(self, word: str) -> str:
        if len(word) < SHORTEST or word in self._real:
            return word
        near = {one for part in _deletions(word) for one in self._near.get(part, ())}
        fitting = {one for one in near if one[0] == word[0] and _is_one_slip(word, one)}
        return fitting.pop() if len(fitting) == 1 else word


def _by_deletion(words: Iterable[str]) -> Mapping[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for word in words:
        for part in _deletions(word):
            found[part].add(word)
    return found


def _deletions(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def _is_one_slip(word: str, right: str) -> bool:
    """Whether one letter too many, too few or another one, or two in each other's place, lie between two words."""
    if abs(len(word) - len(right)) == 1:
        return True  # they share a deletion, so the longer one has just that letter more
    different = [place for place, (one, other) in enumerate(zip(word, right, strict=True)) if one != other]
    if len(different) == 1:
        return True
    first, *rest = different
    return rest == [first + 1] and word[first] == right[rest[0]] and word[rest[0]] == right[first]
