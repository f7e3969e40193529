"""What the checker takes for granted in every turn: the shop's business facts, and our own phrases."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.brain.sentences import sentences_of

_PAGES = re.compile(r"\\{pages?\\}")
_NAMED = "(?:“[^”]{1,120}”(?: \\\\(https?://[^ )]+\\\\))?(?:, )?)+"


@dataclass(frozen=True, slots=True)
class Standing:
    """The business facts as sentences, and every sentence of our phrases that holds no fact of a turn."""

    business: str
    sentences: frozenset[str]
    naming: tuple[re.Pattern[str], ...] = ()

    def is_ours(self, sentence: str) -> bool:
        """Whether a sentence is one of our phrases, word for word, or one that names a page."""
        plain = " ".join(sentence.split())
        return plain in self.sentences or ("“" in plain and any(one.fullmatch(plain) for one in self.naming))


def standing(business: Mapping[str, Any], phrases: Iterable[str]) -> Standing:
    """From the policy files: the business facts as a mapping, and the texts of all phrases."""
    lines = "\n".join(f"- {line}" for line in _lines(business, "") if not line.startswith("version"))
    own = {" ".join(one.split()) for text in phrases for one in sentences_of(text)}
    # A sentence with a place for a fact is checked like any other: the fact must come from somewhere.
    naming = tuple(
        re.compile(_PAGES.sub(_NAMED, re.escape(one))) for one in sorted(own) if "{page" in one and one.count("{") == 1
    )
    return Standing(lines, frozenset(one for one in own if "{" not in one), naming)


def _lines(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _lines(item, f"{key}, {name}".removeprefix(", ").replace("_", " "))
        return
    yield f"{key}: {value}"
