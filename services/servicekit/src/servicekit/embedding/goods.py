"""The goods that a question names in passing: "how do I send back a tent" asks what it would ask of any thing.

An embedding of it lies near all that is said of tents. That of the question without them lies near what is asked.
"""

import re
from collections.abc import Sequence
from importlib.resources import files

import yaml

#: Fewer words than these ask nothing without what they name.
_FEWEST = 2
_WORD = re.compile(r"\w+(?:-\w+)*")
_BEFORE = frozenset({
    "the", "my", "a", "an", "our", "your", "his", "her", "their", "this", "that", "these", "those", "some", "one",
    "two",
})  # fmt: skip


class Goods:
    """The words of `goods.yaml`, or those of a shop."""

    def __init__(self, things: Sequence[str], kinds: Sequence[str]) -> None:
        """`things`: singular nouns, lower-case; `kinds`: what may stand before one and belongs to it."""
        self._kinds = frozenset(kinds)
        self._many = frozenset(f"{one}s" for one in things)
        self._things = self._many.union(things)

    @classmethod
    def load(cls) -> "Goods":
        """The ones that come with the kit."""
        content = yaml.safe_load((files("servicekit.embedding") / "goods.yaml").read_text("utf-8"))
        return cls(content["things"].split(), content["kinds"].split())

    def without(self, text: str) -> str:
        """`text` with an "it" or a "them" in the place of all goods; the same text where it names none, or little
        else. One pass over its words.
        """
        found = list(_WORD.finditer(text))
        words = [one[0].lower() for one in found]
        parts: list[str] = []
        place = told = named = 0
        while place < len(words):
            end, are_goods = self._goods_at(words, place)
            article = place > 0 and words[place - 1] in _BEFORE
            # A single thing without an article stands among keywords: there it is what is sought.
            if are_goods and (article or words[end - 1] in self._many):
                parts += [text[told : found[place - article].start()], "them" if words[end - 1].endswith("s") else "it"]
                told, named = found[end - 1].end(), named + end - place + article
            place = end
        return "".join((*parts, text[told:])) if named and len(words) - named >= _FEWEST else text

    def _goods_at(self, words: Sequence[str], place: int) -> tuple[int, bool]:
        """The place behind the goods that begin here, or, where none do, the next one at which some may."""
        first = place
        while first < len(words) and words[first] in self._kinds:
            first += 1
        end = first
        while end < len(words) and words[end] in self._things:
            end += 1
        return (end, True) if end > first else (max(first, place + 1), False)
