"""What a question and a window have in common, as numbers: what the re-ranker and the evidence are made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.reading import Asked, Reading

Numbers = NDArray[np.float32]

#: Below it two words are as far apart as any two words are.
_UNLIKE = 0.35
#: What a synonym counts for.
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Match:
    """How far a window covers a question; numbers in [0, 1], weighed by the rarity of the question's words.

    `exact` and `soft` have one number per stem of the question: whether the window or its headings have the word;
    the same, where a word of like meaning counts in part. `text` and `meaning` are their weighted sums. `heading`:
    share of the words in the headings. `named`: share of the title's words that the question has. `sentence`: share
    in the best single sentence (headings count half). `pairs`: neighbours in the question that are neighbours here.
    """

    exact: Numbers
    soft: Numbers
    text: float
    meaning: float
    heading: float
    named: float
    sentence: float
    pairs: float


def match(asked: Asked, window: Reading) -> Match:
    """Compares the two. A question without content words is covered by nothing."""
    stems, weights = asked.stems, asked.weights
    everywhere = window.stems | window.heading
    exact = _present(stems, everywhere)
    in_heading = _present(stems, window.heading)
    alike = [0.0 if synonyms.isdisjoint(everywhere) else _ALIKE for synonyms in asked.alike]
    soft = np.maximum(exact, np.array(alike, dtype=np.float32))
    if len(stems) and len(window.vectors):
        similar = (asked.vectors @ window.vectors.T).max(axis=1)
        soft = np.maximum(soft, np.clip((similar - _UNLIKE) / (1 - _UNLIKE), 0.0, 1.0))
    sentences = (float(weights @ np.maximum(_present(stems, one), in_heading / 2)) for one in window.sentences)
    return Match(
        exact=exact,
        soft=soft,
        text=float(weights @ exact),
        meaning=float(weights @ soft),
        heading=float(weights @ in_heading),
        named=len(window.title.intersection(stems)) / max(1, len(window.title)),
        sentence=max(sentences, default=0.0),
        pairs=len(asked.pairs & window.pairs) / max(1, len(asked.pairs)),
    )


def _present(stems: tuple[str, ...], there: frozenset[str]) -> Numbers:
    return np.array([stem in there for stem in stems], dtype=np.float32)
