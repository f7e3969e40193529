"""The goods that a question names in passing: "how do I send back a tent" asks what it would ask of any thing.

An embedding of it lies near all that is said of tents. That of the question without them lies near what is asked.
"""

import re
from collections.abc import Sequence
from importlib.resources import files

import yaml

#: Fewer words than these ask nothing without what they name.
_FEWEST = 2
_BEFORE = r"(?:the|my|a|an|our|your|his|her|their|this|that|these|those|some|one|two)\s+"


class Goods:
    """The words of `goods.yaml`, or those of a shop."""

    def __init__(self, things: Sequence[str], kinds: Sequence[str]) -> None:
        """`things`: singular nouns, lower-case; `kinds`: what may stand before one and belongs to it."""
        one, kind = _one_of(things), rf"(?:{_one_of(kinds)}[ -])*"
        many = rf"(?:{one}[ -])*{one}s"
        # A single thing without an article stands among keywords: there it is what is sought.
        self._named = re.compile(rf"\b(?:{_BEFORE}{kind}(?:{one}s?[ -])*{one}s?|{kind}{many})\b", re.IGNORECASE)

    @classmethod
    def load(cls) -> "Goods":
        """The ones that come with the kit."""
        content = yaml.safe_load((files("servicekit.embedding") / "goods.yaml").read_text("utf-8"))
        return cls(content["things"].split(), content["kinds"].split())

    def without(self, text: str) -> str:
        """`text` with an "it" or a "them" in the place of all goods; the same text where it names none, or little
        else.
        """
        left = re.findall(r"\w+", self._named.sub(" ", text))
        return text if len(left) < _FEWEST or not self._named.search(text) else self._named.sub(_pronoun, text)


def _pronoun(found: re.Match[str]) -> str:
    return "them" if re.search(r"(?<!s)s$", found[0], re.IGNORECASE) else "it"


def _one_of(words: Sequence[str]) -> str:
    return f"(?:{'|'.join(re.escape(one) for one in sorted(set(words), key=len, reverse=True))})"
