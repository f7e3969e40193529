"""Which macros fit what a customer asked, with what is known filled in: for the colleague who answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.gaps.grouping import EmbedNow
from orchestrator.gaps.policy import GapPolicy
from orchestrator.macros.asking import question_among
from orchestrator.macros.policy import MacroPolicy
from orchestrator.macros.store import Macro
from orchestrator.macros.wording import CUSTOMER_NAME, ORDER_NUMBER, filled, open_places
from servicekit.privacy.tokens import TOKEN, plain_tokens


@dataclass(frozen=True, slots=True)
class Offered:
    """A macro for a reply: its text with what is known in its places, and the places that are open still."""

    macro: Macro
    text: str
    open: tuple[str, ...]


def fitting(
    question: str, macros: Sequence[Macro], embedder: EmbedNow, policy: MacroPolicy, gaps: GapPolicy
) -> list[Macro]:
    """The macros whose question is near enough, the nearest first, at most `most_shown`."""
    if not macros:
        return []
    vectors = embedder.embed([gaps.key(question), *(gaps.key(one.question) for one in macros)])
    nearness = vectors[1:] @ vectors[0]
    near = [place for place in (-nearness).argsort(kind="stable") if nearness[place] >= policy.fits]
    return [macros[place] for place in near[: policy.most_shown]]


def asked_now(messages: Sequence[str], gaps: GapPolicy) -> str:
    """The question among a customer's last messages, with tokens, the newest first; "" when none is one."""
    place = question_among([plain_tokens(one) for one in messages], gaps)
    return "" if place is None else plain_tokens(messages[place])


def known_values(messages: Sequence[str], orders: Mapping[str, str], name: str) -> dict[str, str]:
    """What can be filled in: the customer's name, when it may be seen, and the order number of the newest message that
    names one, when it names no other. `messages` have tokens, the newest first; `orders` by token.
    """
    values = {CUSTOMER_NAME: name} if name else {}
    for text in messages:
        named = {orders[found[0]] for found in TOKEN.finditer(text) if found[0] in orders}
        if named:
            return values | ({ORDER_NUMBER: named.pop()} if len(named) == 1 else {})
    return values


def offered(macro: Macro, values: Mapping[str, str]) -> Offered:
    """The macro for this reply."""
    text = filled(macro.text, values)
    return Offered(macro, text, open_places(text))
