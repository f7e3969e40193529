"""Where the words of a question, and their synonyms, stand in windows: few places, found by the ids of stems."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np

from retrieval.reading import Asked
from retrieval.vocabulary import Vocabulary
from retrieval.windows import Flags, Places, Windows


@dataclass(frozen=True, slots=True)
class Targets:
    """The stems that are looked for: those of the question in order, then their synonyms.

    `numbers` (by stem id): which target a stem is, counted from 1; 0 for all others. `alike`: for each stem of the
    question the targets, counted from 0, that are its synonyms.
    """

    count: int
    numbers: Places
    alike: Sequence[Sequence[int]]

    @classmethod
    def of(cls, asked: Asked, vocabulary: Vocabulary) -> Self:
        """The targets of a question. A stem that no document ever had is found nowhere."""
        stems = list(dict.fromkeys(chain(asked.stems, *asked.alike)))
        target_of = {stem: target for target, stem in enumerate(stems)}
        numbers = np.zeros(vocabulary.stems, dtype=np.intp)
        for number, stem in enumerate(vocabulary.known(stems), start=1):
            if stem is not None:
                numbers[stem] = number
        return cls(len(stems), numbers, [[target_of[one] for one in synonyms] for synonyms in asked.alike])


@dataclass(frozen=True, slots=True)
class Hits:
    """The words of windows that are targets, in order: which target, at which place, in which segment and window."""

    target: Places
    place: Places
    segment: Places
    window: Places

    @classmethod
    def of(cls, targets: Targets, windows: Windows) -> Self:
        """All of them."""
        numbers = targets.numbers[windows.stems]
        place = np.flatnonzero(numbers)
        segment = windows.segment_of[place]
        return cls(numbers[place] - 1, place, segment, windows.window_of[segment])

    def where(self, which: Flags) -> "Hits":
        """Some of them."""
        return Hits(self.target[which], self.place[which], self.segment[which], self.window[which])


def table(rows: Places, columns: Places, height: int, width: int) -> Flags:
    """True where a row meets a column, shape (height, width)."""
    found = np.zeros((height, width), dtype=np.bool_)
    found[rows, columns] = True
    return found
