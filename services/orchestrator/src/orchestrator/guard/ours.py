"""What the checker takes for granted in every turn: the shop's business facts, and our own phrases."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.brain.sentences import sentences_of

_PAGES = re.compile(r"\\{pages?\\}")
_ORDER = re.compile(r"\\{order\\}|\\{about_order\\}")
_NUMBER = r"(?:\\ about\\ order\\ )?[\\w•<>-]{0,40}"
_NAMED = "(?:“[^”]{1,120}”(?: \\\\(https?://[^ )]+\\\\))?(?:, )?)+"


@dataclass(frozen=True, slots=True)
class Standing:
    """The business facts as sentences, and every sentence of our phrases that holds no fact of a turn."""

    business: str
    sentences: frozenset[str]
    naming: tuple[re.Pattern[str], ...] = ()

    def is_ours(self, sentence: str) -> bool:
        """Whether a sentence is one of our phrases, word for word, or one that names a page or asks about an order."""
        plain = " ".join(sentence.split())
        may_name = "“" in plain or plain.endswith("?")
        return plain in self.sentences or (may_name and any(one.fullmatch(plain) for one in self.naming))


def standing(business: Mapping[str, Any], phrases: Iterable[str]) -> Standing:
    """From the policy files: the business facts as a mapping, and the texts of all phrases."""
    lines = "\n".join(f"- {line}" for line in _lines(business, "") if not line.startswith("version"))
    own = {" ".join(one.split()) for text in phrases for one in sentences_of(text)}
    # A sentence with a place for a fact is checked like any other: the fact must come from somewhere.
    single = [one for one in sorted(own) if one.count("{") == 1]
    naming = tuple(re.compile(_PAGES.sub(_NAMED, re.escape(one))) for one in single if "{page" in one)
    # A question claims nothing: it may name the order that the customer named.
    naming += tuple(
        re.compile(_ORDER.sub(_NUMBER, re.escape(one)))
        for one in single
        if one.endswith("?") and _ORDER.search(re.escape(one))
    )
    return Standing(lines, frozenset(one for one in own if "{" not in one), naming)


def _lines(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _lines(item, f"{key}, {name}".removeprefix(", ").replace("_", " "))
        return
    yield f"{key}: {value}"
