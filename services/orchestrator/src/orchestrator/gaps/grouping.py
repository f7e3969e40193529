"""Questions to groups, one per topic. Pure and deterministic: the same questions give the same groups.

Questions with the same content words are one node first. Then, in the order in which they were first asked, each node
joins the nearest earlier head when it is near enough, else it is a head itself. A new question therefore never moves an
older one, and the earliest question of a group names it for as long as it is kept.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.gaps.policy import GapPolicy
from orchestrator.gaps.store import Question

Vectors = NDArray[np.float32]
_BLOCK = 512


class EmbedNow(Protocol):
    """Vectors of texts, in the calling thread: shape (n, dimensions), float32, each of length 1."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts`, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """Questions about one thing, the earliest first. `label` is the most central one in words."""

    id: str
    label: Question
    questions: tuple[Question, ...]

    @property
    def customers(self) -> int:
        """How many different customers asked. A guest counts once per visit."""
        return len({one.customer for one in self.questions})

    @property
    def last_asked(self) -> datetime:
        """When it was asked last."""
        return max(one.asked_at for one in self.questions)


@dataclass(frozen=True, slots=True)
class Grouped:
    """The groups, those of most customers first, then the latest; and how many were left out as noise."""

    groups: tuple[Group, ...]
    noise: int


def grouped(questions: Sequence[Question], since: datetime, embedder: EmbedNow, policy: GapPolicy) -> Grouped:
    """The groups with open questions since then. All of `questions` decide who belongs to whom, closed ones too."""
    ordered = sorted(questions, key=lambda one: (one.asked_at, one.turn_id))
    nodes: dict[str, list[Question]] = {}
    for one in ordered:
        nodes.setdefault(policy.key(one.text), []).append(one)
    if not nodes:
        return Grouped((), 0)
    keys = list(nodes)
    vectors = embedder.embed(keys)
    members: dict[int, list[int]] = {}
    for node, head in enumerate(heads_of(vectors, policy.same_topic)):
        members.setdefault(int(head), []).append(node)
    chatter = embedder.embed([_whole(text) for text in policy.chatter])
    found, noise = [], 0
    for head, belonging in members.items():
        first = nodes[keys[head]][0]
        wanted = {node: [one for one in nodes[keys[node]] if one.open and one.asked_at >= since] for node in belonging}
        if first.dismissed or not any(wanted.values()):
            continue
        label = _label(wanted, vectors)
        everyone = sorted(
            (one for some in wanted.values() for one in some), key=lambda one: (one.asked_at, one.turn_id)
        )
        group = Group(first.turn_id, label, tuple(everyone))
        if _is_noise(group, float(np.max(chatter @ embedder.embed([_whole(label.text)])[0])), policy):
            noise += 1
        else:
            found.append(group)
    found.sort(key=lambda one: (-one.customers, -one.last_asked.timestamp(), one.id))
    return Grouped(tuple(found), noise)


def heads_of(vectors: Vectors, near: float) -> NDArray[np.int64]:
    """For each row the row of its group's head: itself, or the nearest earlier head within the cosine `near`."""
    count = 0
    heads = np.empty(len(vectors), dtype=np.int64)
    head_of = np.arange(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        likeness = vectors[start : start + _BLOCK] @ vectors[: start + _BLOCK].T
        for row, to_others in enumerate(likeness):
            to_heads = to_others[heads[:count]]
            best = int(np.argmax(to_heads)) if count else -1
            if best >= 0 and to_heads[best] >= near:
                head_of[start + row] = heads[best]
            else:
                heads[count] = start + row
                count += 1
    return head_of


def _label(wanted: dict[int, list[Question]], vectors: Vectors) -> Question:
    """The question that is nearest to all others, each customer counted once, in its most frequent wording."""
    nodes = [node for node, some in wanted.items() if some]
    weights = np.array([len({one.customer for one in wanted[node]}) for node in nodes], dtype=np.float32)
    central = int(np.argmax(np.round((vectors[nodes] @ vectors[nodes].T) @ weights, 4)))
    some = wanted[nodes[central]]
    wording = Counter(one.text for one in some).most_common(1)[0][0]
    return next(one for one in some if one.text == wording)


def _whole(text: str) -> str:
    """Small talk is in the common words too: "Do you sell lights?" is none, "Turn off the lights" is."""
    return text.casefold().strip(" ?!.")


def _is_noise(group: Group, chatter: float, policy: GapPolicy) -> bool:
    """Small talk, or nothing that says what it is about, from a single customer."""
    if chatter >= policy.chatter_likeness:
        return True
    return group.customers == 1 and not any(policy.says_something(one.text) for one in group.questions)
