"""The words of windows as arrays of ids: how one is written, and how several are read side by side.

PART title PART section PART (SENTENCE words)*        with words only where there are any
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retrieval.vocabulary import FIRST_ID, Ids, Vocabulary

PART, SENTENCE = 0, 1
_PARTS = 3
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+")

Places = NDArray[np.intp]
Flags = NDArray[np.bool_]


def sentences(text: str, vocabulary: Vocabulary) -> list[list[int]]:
    """The word ids of each sentence of `text` that has content words; lines and what follows a colon count as such."""
    return [found for part in _SENTENCE_END.split(text) if (found := vocabulary.read(part))]


def written(title: Sequence[int], section: Sequence[int], body: Sequence[Sequence[int]]) -> bytes:
    """A window as int32: 4 bytes per word and mark, less than half of what its text takes."""
    ids = [PART, *title, PART, *section, PART]
    for sentence in body:
        ids.append(SENTENCE)
        ids += sentence
    return array("i", ids).tobytes()


def counted(window: bytes) -> set[int]:
    """The ids of the words in the title and the sentences of a window that was `written`; a section's do not count."""
    ids = array("i", window)
    section = ids.index(PART, 1)
    body = ids.index(PART, section + 1)
    return {*ids[1:section], *ids[body + 1 :]} - {SENTENCE}


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows one after the other: n words and marks, in m segments that begin with their mark.

    `words`, `stems` (n): ids. `segment_of` (n): by word. `marks` (m): at which place each segment begins; `window_of`,
    `are_sentences` (m): by segment. `titles` (windows): the segment of the title, each window's first; the section's
    is next.
    """

    words: Ids
    stems: Ids
    segment_of: Places
    marks: Places
    window_of: Places
    are_sentences: Flags
    titles: Places

    @classmethod
    def side_by_side(cls, windows: Sequence[bytes], vocabulary: Vocabulary) -> Self:
        """From what `written` gave, one window or more."""
        words = np.frombuffer(b"".join(windows), dtype=np.int32)
        are_marks = words < FIRST_ID
        marks = np.flatnonzero(are_marks)
        are_parts = words[marks] == PART
        return cls(
            words=words,
            stems=vocabulary.stem_of(words),
            segment_of=np.cumsum(are_marks) - 1,
            marks=marks,
            window_of=(np.cumsum(are_parts) - 1) // _PARTS,
            are_sentences=~are_parts,
            titles=np.flatnonzero(are_parts)[::_PARTS],
        )

    def distinct(self) -> tuple[Ids, Places]:
        """The different ids there, and for each of the n which one it is."""
        # Two tables over the vocabulary, the second hardly touched: quicker than sorting.
        seen = np.zeros(int(self.words.max()) + 1, dtype=np.bool_)
        seen[self.words] = True
        distinct = np.flatnonzero(seen)
        which = np.empty(len(seen), dtype=np.intp)
        which[distinct] = np.arange(len(distinct))
        return distinct.astype(np.int32), which[self.words]

    def title_stems(self) -> list[int]:
        """How many different stems each window's title has."""
        begins, ends = self.marks[self.titles] + 1, self.marks[self.titles + 1]
        spans = zip(begins.tolist(), ends.tolist(), strict=True)
        return [len(set(self.stems[begin:end].tolist())) for begin, end in spans]
