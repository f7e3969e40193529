"""Who answers here is no secret: what every customer is told at the start, and how a press for a person stands in the
thread, in the language that their page asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.brain.policy_files import read_policy
from orchestrator.effects.phrases import PhraseBook
from servicekit.language import LANGUAGES

_LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Says that an assistant answers, for a shop of this name, and what who wants a person says."""

    phrases: PhraseBook
    shop: str

    def text(self, context: Mapping[str, str], accept_language: str) -> str:
        """In the language that the page names (`context.language`, such as `de` or `de-AT`), else the best one that the
        browser accepts (its `Accept-Language`), else English.
        """
        language = _ours(context.get(_LANGUAGE, "")) or preferred(accept_language) or "en"
        return self.phrases.in_language(language).say("disclosure", shop=self.shop)

    def person_asked(self, accept_language: str) -> str:
        """The customer's wish for a person, in words, in the best language that the browser accepts, else English."""
        return self.phrases.in_language(preferred(accept_language) or "en").say("person_asked")


def shop_name() -> str:
    """The shop's name, as the business facts begin with it."""
    return str(read_policy("business")["shop"]).partition(",")[0]


def preferred(accept_language: str) -> str | None:
    """The language of ours that an `Accept-Language` header wants most; None when it wants none of them."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:20]:
        name, *parameters = part.split(";")
        language, weight = _ours(name), _weight(parameters)
        if language is not None and weight > 0:
            wanted.append((weight, language))
    return max(wanted, key=lambda one: one[0])[1] if wanted else None


def _ours(name: str) -> str | None:
    language = name.strip().partition("-")[0].lower()
    return language if language in LANGUAGES else None


def _weight(parameters: list[str]) -> float:
    for one in parameters:
        key, _, value = one.strip().partition("=")
        if key == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
