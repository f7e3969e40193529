"""What a message says by how it is written: nothing that can be read, nothing in particular, or an insult."""

import re
from collections.abc import Iterable

from orchestrator.brain.offline.legible import Legibility
from orchestrator.brain.offline.slots import read_slots
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.sentences import content_words
from orchestrator.guard.output.abuse import AbuseWords, is_abusive
from orchestrator.guard.output.forms import forms
from orchestrator.guard.output.policy import load_abuse_words

_INSULT = re.compile(
    r"\b(?:(?:you|ur|u|r)(?:'re| are| all| guys| people| lot)* (?:\w+ ){0,3}"
    r"(?:idiots?|morons?|thie(?:f|ves)|crooks?|liars?|scammers?|cheaters?|robbers?|clowns?|useless|pathetic|incompetent))\b"
    r"|\byou (?:crooks?|thie(?:f|ves)|liars?|idiots?|scammers?|robbers?)\b|\bf[u*]+[c*]*k(?:ing|er|ed)?\b|\bwtf\b",
    re.IGNORECASE,
)
#: From so many words on that say something, a complaint has a matter.
_A_MATTER = 2


class Manners:
    """Reads messages. `words`: the common ones of the language. `vague`: those that say nothing of what it is about;
    `angry`: those that say no more than how somebody feels about it.
    """

    def __init__(
        self, words: Iterable[str], vague: Iterable[str], abuse: AbuseWords, angry: Iterable[str] = ()
    ) -> None:
        self._legible = Legibility(words)
        self._vague = frozenset(stem for word in vague for stem in content_words(str(word)))
        self._angry = frozenset(stem for word in angry for stem in content_words(str(word)))
        self._abuse = abuse

    @classmethod
    def load(cls, words: Iterable[str]) -> "Manners":
        """With the policy that ships with the service (reads two files)."""
        policy = read_policy("intents")
        return cls(words, policy["vague"], load_abuse_words(), policy["angry"])

    def is_legible(self, text: str) -> bool:
        """Whether there is anything in it that can be read."""
        return self._legible.reads(text)

    def says_nothing(self, text: str) -> bool:
        """Whether it has no word that says what it is about: "it does not work"."""
        return content_words(text) <= self._vague

    def tells_matter(self, text: str) -> bool:
        """Whether there is a matter in it that a ticket could hold: no mere anger, and no vague words."""
        told = content_words(text) - self._vague - self._angry
        return len(told) >= _A_MATTER or read_slots(text).names_something

    def is_rude(self, text: str) -> bool:
        """Whether it insults or swears."""
        return _INSULT.search(text) is not None or is_abusive(forms(text), self._abuse)
