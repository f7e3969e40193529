"""What a message says by its form, beside what it means: facts in it, how it asks, which rule speaks for what."""

import re

from orchestrator.brain.offline.rules import asks_how, asks_in_general, hinted, speaks_of_own
from orchestrator.brain.offline.slots import Slots

#: What a rule may speak for; their order is that of the learned numbers.
HINTS = ("order_status", "order_content", "invoice", "order_change", "refund_request", "refund_status", "knowledge")
_ONESELF = re.compile(r"\b(?:my|mine|our|ours|i|i've|ive|i'm|im|me|we|us)\b", re.IGNORECASE)
_FEW, _MANY = 3, 20


def cues(text: str, slots: Slots) -> list[float]:
    """Numbers in [0, 1], always as many and in the same order: a change of them is a reason for `make intents`."""
    hint, words = hinted(text, slots), len(text.split())
    said = (
        slots.order_id is not None, slots.invoice_number is not None, slots.email is not None,
        slots.amount is not None, slots.whole, "?" in text, words <= _FEW, _ONESELF.search(text) is not None,
        asks_in_general(text), asks_how(text), speaks_of_own(text),
    )  # fmt: skip
    return [min(1.0, words / _MANY), *map(float, said), *(float(hint == one) for one in HINTS)]
