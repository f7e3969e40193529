"""Keyword vectors: BM25 as a dot product, so that any store with sparse vectors can rank by it.

A window carries the saturated term frequencies, a question the rarity of each of its words.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from zlib import crc32

from retrieval.backends.port import Sparse
from retrieval.lexicon import Lexicon
from retrieval.words import Words

_K1 = 1.2
_B = 0.6
#: Content words in a usual window. A constant, so that a new document does not change the vectors of others.
_USUAL_LENGTH = 60
#: What a synonym weighs beside the word that was asked for.
_BESIDE = 0.3


def window_vector(words: Words, text: str) -> Sparse:
    """The sparse vector of a window's indexed text."""
    counts = Counter(words.stems(text))
    length = sum(counts.values())
    damping = _K1 * (1 - _B + _B * length / _USUAL_LENGTH)
    return _sparse({stem: count * (_K1 + 1) / (count + damping) for stem, count in counts.items()})


def question_vector(lexicon: Lexicon, stems: Sequence[str], beside: Collection[str] = ()) -> Sparse:
    """The sparse vector of a question with these stems; words that no document has are left out.

    `beside` are stems that mean the same as some of them: they weigh less.
    """
    weights = {stem: _BESIDE * lexicon.idf(stem) for stem in beside if lexicon.has(stem)}
    weights |= {stem: lexicon.idf(stem) for stem in stems if lexicon.has(stem)}
    return _sparse(weights)


def _sparse(weights: dict[str, float]) -> Sparse:
    by_index: dict[int, float] = {}
    for stem, weight in weights.items():
        index = crc32(stem.encode())
        by_index[index] = by_index.get(index, 0.0) + weight
    return Sparse(tuple(by_index), tuple(by_index.values()))
