"""How well the passages answer the question: the numbers that decide between an answer and a refusal.

The weights are in `weights.yaml`. None of the features depends on how large the knowledge base is, so that they carry
over to one that nobody has seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.ranking import Ranked
from retrieval.reading import Asked
from retrieval.weights import Weights

#: A message of so many content words or more is a long one.
_LONG = 12
#: Two signals settle what the third would not change: from this strength on with a page so far ahead of the next one
#: (scores), and up to that strength where there is nothing at all.
_STRONG, _LEAD = 0.7, 0.1
_NOTHING = 0.1


@dataclass(frozen=True, slots=True)
class Evidence:
    """All in [0, 1]. `strength` is how likely the passages hold the answer; from 0.5 on they are taken to."""

    strength: float
    gap: float
    cover: float

    @property
    def answerable(self) -> bool:
        """Whether an answer may be built on the passages."""
        return self.strength >= 0.5


def judge(asked: Asked, passages: Sequence[Ranked], tops: Sequence[str], weights: Weights) -> Evidence:
    """The evidence of the passages. `tops` names the document that each signal put first.

    `cover` is the share of the question's content words that the passages have, weighed by rarity.
    """
    if not passages:
        return Evidence(0.0, 0.0, 0.0)
    numbers = evidence_features(asked, passages, tops)
    total = weights.intercept + sum(weight * numbers[name] for name, weight in weights.evidence.items())
    everywhere = np.max([one.match.exact for one in passages], axis=0, initial=0.0)
    return Evidence(1 / (1 + math.exp(-total)), _gap(passages), min(1.0, float(asked.weights @ everywhere)))


def is_settled(evidence: Evidence, ranked: Sequence[Ranked]) -> bool:
    """Whether a further signal can be spared: one page answers and no other comes near, or none has anything."""
    if not ranked or evidence.strength <= _NOTHING:
        return bool(ranked)
    second = next((one.score for one in ranked if one.entry.url != ranked[0].entry.url), 0.0)
    return evidence.strength >= _STRONG and ranked[0].score - second >= _LEAD


def evidence_features(asked: Asked, passages: Sequence[Ranked], tops: Sequence[str]) -> Mapping[str, float]:
    """What the evidence is made from, of one passage or more.

    `deep`: the best similarity. `meaning`: the best soft cover of one passage's window. `unknown`: importance of the
    words that no document has, where the question asks, as far as nothing like them stands in the passages.
    `agreement`: share of the signals that put the best passage's document first. `missing`: what the best covering
    passage lacks of the words that ask, as a share of their importance. `doubt`: the same where the question wants yes
    or no, 0 elsewhere: then each thing that it names has to be in the answer. `asked`: the best passage was found by a
    question that people ask; two questions are alike sooner than a question and an answer are. `length`: how long the
    message is: a long one names more that no answer has, which speaks less against one than in a short one.
    """
    soft = np.max([one.match.soft for one in passages], axis=0, initial=0.0)
    unheard = [place for place in asked.unknown if place in asked.focus]
    missing = _missing(asked, passages)
    return {
        "deep": max(one.similarity for one in passages),
        "meaning": max(one.match.meaning for one in passages),
        "unknown": float(sum(asked.importance[place] * (1 - soft[place]) for place in unheard)),
        "agreement": sum(one == passages[0].entry.document_id for one in tops) / max(1, len(tops)),
        "missing": missing,
        "doubt": missing if asked.whether else 0.0,
        "asked": float(passages[0].entry.is_question),
        "length": min(1.0, len(asked.stems) / _LONG),
    }


def _missing(asked: Asked, passages: Sequence[Ranked]) -> float:
    places = sorted(asked.focus)
    important = asked.importance[places]
    if not important.any():
        return 0.0
    covered = max(float(important @ one.match.soft[places]) for one in passages)
    return 1.0 - covered / float(important.sum())


def _gap(passages: Sequence[Ranked]) -> float:
    """How far the most similar page is ahead of the next one."""
    pages: dict[str, float] = {}
    for one in passages:
        pages[one.entry.url] = max(one.similarity, pages.get(one.entry.url, 0.0))
    best, *others = sorted(pages.values(), reverse=True)
    return best - (others[0] if others else 0.0)
