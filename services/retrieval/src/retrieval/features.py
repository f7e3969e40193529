"""What a question and a window have in common, as numbers: what the re-ranker and the evidence are made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.reading import Asked, Reading

#: Below it two words are as far apart as any two words are.
_UNLIKE = 0.35
#: What a synonym counts for.
_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Match:
    """How far a window covers a question; each in [0, 1], weighed by the rarity of the question's words.

    `text`: share of the words in the window or its headings. `heading`, `title`: in these alone. `named`: share of the
    title's words that the question has. `sentence`: share in the best single sentence (headings help half). `pairs`: neighbouring words
    of the question that are neighbours here too. `soft`: as `text`, where a near word counts in part. `worst`: the
    least covered word, softly. `number`: share of the question's numbers; 1 without any. `per_word`: the soft cover
    of each of the question's stems.
    """

    text: float
    heading: float
    title: float
    named: float
    sentence: float
    pairs: float
    soft: float
    worst: float
    number: float
    per_word: NDArray[np.float32]


def match(asked: Asked, window: Reading) -> Match:
    """Compares the two. A question without content words is covered by nothing."""
    stems, weights = asked.stems, asked.weights
    everywhere = window.stems | window.heading
    exact = np.array([stem in everywhere for stem in stems], dtype=np.float32)
    in_heading = np.array([stem in window.heading for stem in stems], dtype=np.float32)
    in_title = np.array([stem in window.title for stem in stems], dtype=np.float32)
    near = np.zeros(len(stems), dtype=np.float32)
    if len(stems) and len(window.vectors):
        similar = (asked.vectors @ window.vectors.T).max(axis=1)
        near = np.clip((similar - _UNLIKE) / (1 - _UNLIKE), 0.0, 1.0)
    alike = [_ALIKE if not synonyms.isdisjoint(everywhere) else 0.0 for synonyms in asked.alike]
    per_word = np.maximum(exact, np.maximum(near, np.array(alike, dtype=np.float32)))
    return Match(
        text=float(weights @ exact),
        heading=float(weights @ in_heading),
        title=float(weights @ in_title),
        named=len(window.title.intersection(stems)) / max(1, len(window.title)),
        sentence=_best_sentence(asked, window, in_heading),
        pairs=len(asked.pairs & window.pairs) / max(1, len(asked.pairs)),
        soft=float(weights @ per_word),
        worst=float(per_word.min()) if len(stems) else 0.0,
        number=len(asked.numbers & everywhere) / len(asked.numbers) if asked.numbers else 1.0,
        per_word=per_word,
    )


def _best_sentence(asked: Asked, window: Reading, in_heading: NDArray[np.float32]) -> float:
    best = 0.0
    for sentence in window.sentences:
        here = np.array([stem in sentence for stem in asked.stems], dtype=np.float32)
        best = max(best, float(asked.weights @ np.maximum(here, in_heading / 2)))
    return best
