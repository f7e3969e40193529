"""Answers of staff to clusters of nearly the same words, to nearly the same question. Pure and deterministic.

Answers with the same numbers and the same denials are compared: in the order in which they were given, each joins the
nearest earlier head that it means the same as, when it also has the words in common. Of each such group stays what was
said to the question that most of its customers had.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orchestrator.gaps.grouping import EmbedNow, heads_of
from orchestrator.gaps.policy import GapPolicy
from orchestrator.macros.policy import MacroPolicy
from orchestrator.macros.wording import common_share, numbers_of, words_of


@dataclass(frozen=True, slots=True)
class Answer:
    """What staff said to a question, both with tokens as kinds. `place` and `asked_place` are those of the thread;
    `customer` is a hash, `reason` why it is told of: a reason of a gap, or `staff`.
    """

    place: int
    asked_place: int
    conversation_id: str
    customer: str
    question: str
    text: str
    language: str
    reason: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Cluster:
    """Answers that are nearly the same, one for each conversation, the earliest first."""

    answers: tuple[Answer, ...]

    @property
    def conversations(self) -> int:
        """In how many conversations it was said."""
        return len({one.conversation_id for one in self.answers})

    @property
    def customers(self) -> int:
        """To how many different customers. A guest counts once per visit."""
        return len({one.customer for one in self.answers})


def clusters_of(
    answers: Sequence[Answer], embedder: EmbedNow, policy: MacroPolicy, gaps: GapPolicy
) -> list[Cluster]:  # fmt: skip
    """The clusters that are large enough, those of most customers first."""
    ordered = sorted(answers, key=lambda one: one.place)
    comparable: dict[tuple[object, ...], list[Answer]] = {}
    for one in ordered:
        words = words_of(one.text)
        if len(words) >= policy.fewest_words:
            denials = frozenset(words) & policy.denying, any(word.endswith("n't") for word in words)
            comparable.setdefault((one.language, numbers_of(one.text), denials), []).append(one)
    found = [
        Cluster(tuple(alike))
        for some in comparable.values()
        if len(some) >= policy.fewest
        for group in _same_answers(some, embedder, policy, gaps)
        for alike in _one_question(group, embedder, policy, gaps)
    ]
    found.sort(key=lambda one: (-one.customers, one.answers[0].place))
    return found


def is_large(answers: Sequence[Answer], policy: MacroPolicy) -> bool:
    """Whether enough different customers, in enough conversations, got these answers."""
    cluster = Cluster(tuple(answers))
    return min(cluster.conversations, cluster.customers) >= policy.fewest


def _same_answers(
    answers: Sequence[Answer], embedder: EmbedNow, policy: MacroPolicy, gaps: GapPolicy
) -> list[list[Answer]]:
    nodes: dict[str, list[Answer]] = {}
    for one in answers:
        nodes.setdefault(" ".join(words_of(one.text)), []).append(one)
    keys = list(nodes)
    heads = heads_of(embedder.embed([gaps.key(key) for key in keys]), policy.same_meaning)
    counts = [Counter(key.split()) for key in keys]
    groups: dict[int, list[Answer]] = {}
    of_head: dict[int, list[int]] = {}
    for node, head in enumerate(heads):
        # What means the same in other words begins a group of its own within its head's.
        near = (
            one for one in of_head.get(int(head), ()) if common_share(counts[one], counts[node]) >= policy.same_words
        )
        own = next(near, None)
        if own is None:
            of_head.setdefault(int(head), []).append(own := node)
        groups.setdefault(own, []).extend(nodes[keys[node]])
    return [group for group in groups.values() if is_large(group, policy)]


def _one_question(
    answers: Sequence[Answer], embedder: EmbedNow, policy: MacroPolicy, gaps: GapPolicy
) -> list[list[Answer]]:
    """The answers to the most frequent question, when that is what most of them answer; one for each conversation."""
    keys = list(dict.fromkeys(gaps.key(one.question) for one in answers))
    heads = dict(zip(keys, heads_of(embedder.embed(keys), gaps.same_topic), strict=True))
    by_question: dict[int, dict[str, Answer]] = {}
    for one in sorted(answers, key=lambda one: one.place):
        by_question.setdefault(int(heads[gaps.key(one.question)]), {}).setdefault(one.conversation_id, one)
    most = list(max(by_question.values(), key=len).values())
    share = len(most) / len({one.conversation_id for one in answers})
    return [most] if share >= policy.one_question and is_large(most, policy) else []
