"""The words of answers and macros: what they have in common, and the places that are filled in. Pure."""

import re
from collections import Counter
from collections.abc import Mapping

from servicekit.privacy import Finder
from servicekit.privacy.tokens import plain_tokens

CUSTOMER_NAME, ORDER_NUMBER = "customer_name", "order_number"
#: What a macro may have filled in.
PLACES = (CUSTOMER_NAME, ORDER_NUMBER)
_PLACE = re.compile(r"\{([^{}\n]{1,40})\}")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
#: Personal data as its kind, as staff and suggestions see it.
MASKED = re.compile(r"<([a-z]+(?:_[a-z]+)*)>")


def words_of(text: str) -> list[str]:
    """The words of a text in their order, without those that stand for something masked or filled in."""
    return [one.replace("’", "'") for one in _WORD.findall(_PLACE.sub(" ", MASKED.sub(" ", text)).casefold())]


def numbers_of(text: str) -> tuple[str, ...]:
    """The numbers of a text, sorted."""
    return tuple(sorted(_NUMBER.findall(MASKED.sub(" ", text))))


def common_share(one: Counter[str], other: Counter[str]) -> float:
    """Twice the words in common over all words, in [0, 1]; 1.0 for two texts without words."""
    every = one.total() + other.total()
    return 2 * (one & other).total() / every if every else 1.0


def kept_share(macro: str, sent: str) -> float:
    """How much of a macro is in what was sent instead, in [0, 1]: 1.0 when nothing but its places changed."""
    return common_share(Counter(words_of(macro)), Counter(words_of(sent)))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known in its places; the others stay."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), text)


def open_places(text: str) -> tuple[str, ...]:
    """The places of ours that nothing was filled into, each once."""
    return tuple(dict.fromkeys(one for one in _PLACE.findall(text) if one in PLACES))


def unknown_places(text: str) -> tuple[str, ...]:
    """What looks like a place and is none of ours, each once."""
    return tuple(dict.fromkeys(one for one in _PLACE.findall(text) if one not in PLACES))


def masked_kinds(text: str) -> tuple[str, ...]:
    """The kinds of personal data that stand masked in a text, each once."""
    return tuple(dict.fromkeys(MASKED.findall(text)))


def masked(text: str, finder: Finder) -> str:
    """Stored text for many eyes: each token as its kind alone, and what the finder finds now as its kind too."""
    plain = plain_tokens(text)
    pieces, place = [], 0
    for one in finder.find(plain):
        pieces += [plain[place : one.start], f"<{one.kind}>"]
        place = one.end
    return "".join((*pieces, plain[place:]))
