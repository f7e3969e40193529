"""What a question and windows have in common, as numbers: what the re-ranker and the evidence are made from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.hits import Hits, Targets, table
from retrieval.meanings import Meanings
from retrieval.reading import Asked
from retrieval.windows import SENTENCE, Flags, Windows

Numbers = NDArray[np.float32]
Shares = NDArray[np.float64]

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


def match(asked: Asked, windows: Sequence[bytes], meanings: Meanings) -> list[Match]:
    """Compares the question with each window (as `written`). One without content words is covered by nothing.

    All at once: tables have a row per window, or per segment of one, and a column per stem of the question.
    """
    if not windows:
        return []
    read = Windows.side_by_side(windows, meanings.vocabulary)
    targets = Targets.of(asked, meanings.vocabulary)
    hits = Hits.of(targets, read)
    own = hits.where(hits.target < len(asked.stems))
    headed = own.where(~read.are_sentences[own.segment])
    there = table(hits.window, hits.target, len(windows), targets.count)
    exact = there[:, : len(asked.stems)].astype(np.float32)
    soft = np.maximum(np.maximum(exact, _alike(there, targets)), _meant(asked, read, meanings))
    heading = table(headed.window, headed.target, *exact.shape).astype(np.float32)
    numbers = (
        exact @ asked.weights,
        soft @ asked.weights,
        heading @ asked.weights,
        _named(headed, read, len(asked.stems)),
        _best_sentence(own, heading, read, asked.weights),
        _pairs(own, read, asked),
    )
    by_window = zip(exact, soft, np.stack(numbers, axis=1).tolist(), strict=True)
    return [Match(has, means, *one) for has, means, one in by_window]


def _alike(there: Flags, targets: Targets) -> Numbers:
    found = np.zeros((len(there), len(targets.alike)), dtype=np.float32)
    for place, synonyms in enumerate(targets.alike):
        if synonyms:
            found[:, place] = there[:, synonyms].any(axis=1) * np.float32(_ALIKE)
    return found


def _meant(asked: Asked, read: Windows, meanings: Meanings) -> Numbers:
    """How near a window's nearest word comes to each of the question's; 0 when it is no nearer than any two words."""
    words, each = read.distinct()
    similar = (meanings.of(words) @ asked.vectors.T).take(each, axis=0)
    nearest = np.maximum.reduceat(similar, read.marks[read.titles], axis=0)
    nearer: Numbers = np.clip((nearest - _UNLIKE) / (1 - _UNLIKE), 0.0, 1.0)
    return nearer


def _named(headed: Hits, read: Windows, stems: int) -> Shares:
    titles = headed.where(headed.segment == read.titles[headed.window])
    named = table(titles.window, titles.target, len(read.titles), stems).sum(axis=1)
    share: Shares = named / np.maximum(1, read.title_stems())
    return share


def _best_sentence(own: Hits, heading: Numbers, read: Windows, weights: Numbers) -> Numbers:
    has = table(own.segment, own.target, len(read.marks), len(weights))
    shares = np.maximum(has, heading[read.window_of] / 2) @ weights
    best: Numbers = np.maximum.reduceat(np.where(read.are_sentences, shares, 0.0), read.titles)
    return best


def _pairs(own: Hits, read: Windows, asked: Asked) -> Shares:
    """The neighbours of a sentence's last word are in the next one; those of a part's are not."""
    order = np.cumsum(read.words != SENTENCE)[own.place]
    left = np.flatnonzero(np.diff(order) == 1)
    neighbours = zip(own.window[left].tolist(), own.target[left].tolist(), own.target[left + 1].tolist(), strict=True)
    found = np.zeros(len(read.titles))
    for window, *pair in set(neighbours):
        found[window] += tuple(pair) in asked.pairs
    return found / max(1, len(asked.pairs))
