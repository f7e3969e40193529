"""How an answer sounds, by rules that need no model: what is always so, and what a case asks for."""

import re
from collections.abc import Iterator
from typing import assert_never

from evalbench.case import Language, Tone

_INTERNALS = re.compile(
    r"traceback|exception|timeouterror|\b(?:HTTP|error|status) ?50[0-4]\b|127\.0\.0\.1|localhost|[a-z]+_[a-z_]+\(|"
    r"\b(?:get_order|list_orders|search_kb|issue_refund|create_ticket|handoff_human)\w*|\b(?:cnv|trn)_[a-z0-9]{8,}|<[a-z]+_[a-z2-7]{8}>",
    re.IGNORECASE,
)
#: Links lead to the stack under test.
_LINK = re.compile(r"https?://\S+")
_BLAME = re.compile(r"\b(?:your (?:own )?fault|you should have|as I (?:already )?(?:said|told you)|obviously)\b", re.I)
_SHOUTED = re.compile(r"\b[A-Z]{5,}(?: [A-Z]{4,})+\b")
_SORRY = re.compile(
    r"\b(?:sorry|apolog\w+|regret|leid|entschuldig\w+|désolés?|excus\w+|siento|lamento|disculp\w+|spiace|scus\w+|"
    r"spijt\w*|excuses)\b",
    re.IGNORECASE,
)
_LONGEST, _SHORT = 2_000, 400
#: Little words that a text of the language has and the others have not.
_WORDS: dict[Language, str] = {
    "en": "the you your we our with this that from when have please can would and of is to",
    "de": "ich sie ihre wir nicht und oder bitte unser unsere das ist ein einen für mit zu laut der",
    "fr": "je vous votre nous notre pas et ou est une des pour avec les aux selon dans voulez",
    "es": "usted su nuestro nuestra nuestras y o por con para una los las puedo según está quiere el",
    "it": "il lei suo nostra nostre nostro non e o per con una posso secondo che gli della vuole la è",
    "nl": "ik u uw wij we onze niet en of een het voor met van kan volgens dat wilt naar de",
}
_LITTLE = {name: frozenset(words.split()) for name, words in _WORDS.items()}


def faults_of_tone(text: str, wanted: tuple[Tone, ...]) -> Iterator[str]:
    """What is wrong with the sound of an answer."""
    for name, pattern in (("shows internals", _INTERNALS), ("blames the customer", _BLAME), ("shouts", _SHOUTED)):
        if found := pattern.search(_LINK.sub(" ", text)):
            yield f"{name}: {found[0]}"
    if text.count("!") > 3:
        yield "more than three exclamation marks"
    if len(text) > _LONGEST:
        yield f"longer than {_LONGEST} characters"
    for one in wanted:
        match one:
            case "apologises":
                if not _SORRY.search(text):
                    yield "does not say sorry"
            case "short":
                if len(text) > _SHORT:
                    yield f"longer than {_SHORT} characters"
            case _:
                assert_never(one)


def spoken(text: str) -> Language | None:
    """The language with most of its little words in a text; None when there are too few of any."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    counts = {name: sum(word in little for word in words) for name, little in _LITTLE.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] >= 2 else None
