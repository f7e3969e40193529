"""Learns what a message wants: `make intents` writes `intents.npz` of the offline Brain anew.

What it learns from: the messages beside this file, the examples in `policy/intents.yaml`, and the questions that people
ask under the headings of the starter articles, which count little each, since they are many and of one shop. Messages
of other languages are learned as the Brain sees them: their known words in English. Prints how it does on messages that
were left out.
"""

import asyncio
from collections.abc import Sequence

import numpy as np
from learning import PARTS, Floats, learned
from messages import ENGLISH, Message, as_seen, asked_questions, digest_of, labelled_messages, pointing_back

from orchestrator.brain.offline.intents import FILE, Learned, as_learned, chosen, numbers_of
from orchestrator.brain.offline.rules import hinted
from orchestrator.brain.offline.slots import Slots, read_slots
from servicekit.embedding import Embedder

#: What one of the questions under headings weighs.
ASKED = 0.12


def main() -> None:
    """Learn, say how well, write."""
    own = labelled_messages()
    back = pointing_back(own)
    asked = asked_questions()
    rows = [*own, *back.values(), *asked]
    labels = tuple(sorted({one.label for one in rows}))
    named = range(len(own), len(own) + len(back))
    read = [
        (text, Slots(order_id="ABC123") if place in named else read_slots(text))
        for place, text in enumerate(as_seen(rows))
    ]
    numbers = asyncio.run(_numbers(read))
    right = np.array([labels.index(one.label) for one in rows])
    costs = np.array([1.0] * (len(own) + len(back)) + [ASKED] * len(asked))
    # What is learned once more is left out with its message.
    part = np.array([*range(len(own)), *back, *range(len(asked))]) % PARTS
    found: list[str] = [""] * len(rows)
    for left_out in range(PARTS):
        there = part != left_out
        known = Learned(labels, learned(numbers[there], right[there], costs[there], len(labels)), "")
        for place in np.flatnonzero(~there):
            text, slots = read[place]
            found[place] = chosen(known.likely(numbers[place]), slots, hinted(text, slots)).label
    _report(own, found[: len(own)], labels)
    Learned(labels, learned(numbers, right, costs, len(labels)), digest_of(own)).save()
    count = f"{len(own)} messages, {len(back)} of them once more, and {len(asked)} questions"
    print(f"{FILE.name}: {count}, {FILE.stat().st_size:,} bytes")


async def _numbers(read: Sequence[tuple[str, Slots]]) -> Floats:
    embedder = Embedder.load()
    try:
        vectors = await embedder.embed([as_learned(*one) for one in read])
        return np.stack([numbers_of(vector, *one) for vector, one in zip(vectors, read, strict=True)])
    finally:
        embedder.close()


def _report(rows: Sequence[Message], found: Sequence[str], labels: Sequence[str]) -> None:
    print(f"{'of those left out':<20}{'messages':>9}{'understood':>12}{'taken for it wrongly':>22}")
    for label in labels:
        of = [kind for one, kind in zip(rows, found, strict=True) if one.label == label]
        wrongly = sum(kind == label != one.label for one, kind in zip(rows, found, strict=True))
        print(f"{label:<20}{len(of):>9}{sum(kind == label for kind in of) / len(of):>12.3f}{wrongly:>22}")
    for name, english in (("English", True), ("other languages", False)):
        pairs = [(one, kind) for one, kind in zip(rows, found, strict=True) if (one.language == ENGLISH) == english]
        right = [kind == one.label for one, kind in pairs]
        print(f"{name:<20}{len(right):>9}{sum(right) / len(right):>12.3f}")


if __name__ == "__main__":
    main()
