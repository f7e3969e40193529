"""Whether somebody writes that they are in danger: such a message goes to a person at once, and its answer says first
what to do. Without a model, in six languages.

It is looked for in each clause of a message. What asks in general ("can the tent catch fire?"), tells what would be, or
says no to it is no danger.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

from orchestrator.guard.danger_words import HARMLESS, LANGUAGES, NEVER

_CLAUSE = re.compile(r"[.!?;,:\n]+|\s[-–—]\s|\s(?:and|but|und|aber|mais|pero|maar)\s", re.IGNORECASE)


class Danger(StrEnum):
    """What kind of danger; what is said about one is the phrase `danger_<kind>`."""

    SELF_HARM = "self_harm"
    POISON = "poison"
    GAS = "gas"
    #: Fire, and whoever is hurt.
    EMERGENCY = "emergency"


_KINDS = {"poison": Danger.POISON, "gas": Danger.GAS, "fire": Danger.EMERGENCY, "hurt": Danger.EMERGENCY}


def danger_in(text: str) -> Danger | None:
    """The danger that a message tells of, in one of our languages; of several the one that cannot wait for the others
    to be said.
    """
    clauses = [_plain(one) for one in _CLAUSE.split(text) if one.strip()]
    return min((kind for one in clauses for kind in _dangers(one)), key=list(Danger).index, default=None)


def _plain(clause: str) -> str:
    """In lower case without accents, as many people write."""
    apart = unicodedata.normalize("NFKD", clause.lower().replace("’", "'").replace("œ", "oe"))
    return " ".join("".join(char for char in apart if not unicodedata.combining(char)).split())


def _dangers(clause: str) -> Iterator[Danger]:
    if any(found and not NEVER.search(clause[: found.start()]) for found in _first(clause, "self_harm")):
        yield Danger.SELF_HARM
    for words in LANGUAGES:
        for pattern, kind in _KINDS.items():
            found = words.patterns[pattern].search(clause)
            if found is None or words.supposed.search(clause[: found.start()]):
                continue
            if pattern != "fire" or not HARMLESS.search(clause):
                yield kind


def _first(clause: str, kind: str) -> Iterator[re.Match[str] | None]:
    return (words.patterns[kind].search(clause) for words in LANGUAGES)
