"""What customers want: a kind of turn each, its words, and what a right answer to it looks like."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

_QUESTIONS = (
    "How do I return an item?", "How long does delivery take?", "What does the warranty cover?",
    "What is your return policy?", "How much is shipping to Norway?", "How long does a refund by PayPal take?",
)  # fmt: skip
_FOR = ("my brother", "my sister", "our club", "a friend", "my mother", "my father", "the school", "a neighbour")
_WHEN = ("last week", "in spring", "a month ago", "on Sunday", "yesterday", "in autumn", "last winter", "on Friday")
_WHERE = ("online", "by phone", "at your store", "with my tablet", "from abroad", "while travelling")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of turn: how many tools it needs; `order`: it is about an order of the customer's own.

    `drops`: its customer loses the connection once and takes the stream up again. `outcomes`: how it may end; a
    question that no page answers is refused, and that is right.
    """

    name: str
    tools: int
    order: bool = False
    drops: bool = False
    outcomes: tuple[str, ...] = ("answered",)

    def words(self, order: str, dice: random.Random) -> str:
        """What the customer writes."""
        match self.name:
            case "greeting":
                return dice.choice(("Hello!", "Hi!", "Good morning!", "Hey!"))
            case "two tools":
                return f"Where is my order {order}, and how do I return an item?"
            case "refund":
                return f"Refund order {order} for $5"
            case "order" | "reconnecting":
                return f"Where is my order {order}?"
            case _:
                # Nobody's question is the one before: a cache would answer that.
                bought = f"I ordered for {dice.choice(_FOR)} {dice.choice(_WHERE)} {dice.choice(_WHEN)}."
                return f"{dice.choice(_QUESTIONS)} {bought}"


GREETING, ORDER = Kind("greeting", 0), Kind("order", 1, order=True)
FAQ = Kind("faq", 1, outcomes=("answered", "refused"))
TWO_TOOLS, REFUND = Kind("two tools", 2, order=True), Kind("refund", 1, order=True)
RECONNECTING = Kind("reconnecting", 1, order=True, drops=True)
#: Scenarios by name: how often each kind of turn is in them. In `each` they come one after the other.
SCENARIOS: Mapping[str, Mapping[Kind, int]] = {
    "greeting": {GREETING: 1}, "faq": {FAQ: 1}, "order": {ORDER: 1}, "two-tools": {TWO_TOOLS: 1}, "refund": {REFUND: 1},
    "reconnecting": {RECONNECTING: 1},
    "mixed": {GREETING: 10, FAQ: 35, ORDER: 30, TWO_TOOLS: 10, REFUND: 10, RECONNECTING: 5},
    "each": {GREETING: 1, FAQ: 1, ORDER: 1, TWO_TOOLS: 1, REFUND: 1, RECONNECTING: 1},
}  # fmt: skip
