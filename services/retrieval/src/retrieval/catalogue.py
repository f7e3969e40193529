"""What this process remembers of the indexed documents: the text behind each point, and all their words.

A vector store answers with ids; the catalogue says what they stand for. It is filled from the database.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from retrieval.lexicon import Lexicon
from retrieval.points import point_id
from retrieval.repository import StoredWindow
from retrieval.vocabulary import Vocabulary
from retrieval.windows import counted, sentences, written

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A window as search shows it: `text` is its whole chunk's; `section`, `anchor` and `window` are its own.

    `place`: where the window begins and ends in `text`. `updated_at` in Unix seconds. `text_key`: the same for texts of
    the same words. `words`: those of the window, as `written`. `is_question`: the window is one that people ask, and
    stands in no text.
    """

    document_id: str
    chunk_id: str
    title: str
    url: str
    section: str
    anchor: str
    place: tuple[int, int]
    text: str
    is_policy: bool
    updated_at: float
    text_key: int
    words: bytes
    is_question: bool = False

    @property
    def window(self) -> str:
        """The window's text."""
        return self.text[slice(*self.place)]


class Catalogue:
    """Entries by point id, and the lexicon of all documents in it. `vocabulary`: what their words are written with."""

    def __init__(self, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        self.lexicon = lexicon
        self.vocabulary = vocabulary
        self._entries: dict[str, Entry] = {}
        self._points: dict[str, list[str]] = {}

    @property
    def documents(self) -> frozenset[str]:
        """The ids of the documents in it."""
        return frozenset(self._points)

    def put(self, document_id: str, windows: Sequence[StoredWindow]) -> None:
        """Takes in all windows of a document, in place of those it had."""
        self.remove(document_id)
        read = cache(self.vocabulary.read)  # the windows of a document share its title, some share a section
        texts = {window.chunk_id: window.chunk_text for window in windows}  # one string per chunk
        keys = {chunk_id: text_key(text) for chunk_id, text in texts.items()}
        for window in windows:
            title, body = read(window.title), sentences(window.text, self.vocabulary)
            self._entries[point_id(window)] = Entry(
                document_id, window.chunk_id, window.title, window.url, window.section, window.anchor,
                _place(window), texts[window.chunk_id], window.is_policy, window.updated_at.timestamp(),
                keys[window.chunk_id], written(title, read(window.section), body), window.text not in window.chunk_text,
            )  # fmt: skip
        points = self._points[document_id] = [point_id(window) for window in windows]
        self.lexicon.add(self._words_of(self._entries[one] for one in points))

    def remove(self, document_id: str) -> None:
        """Forgets a document; an unknown one is no error."""
        if points := self._points.pop(document_id, None):
            self.lexicon.remove(self._words_of(self._entries.pop(one) for one in points))

    def _words_of(self, entries: Iterable[Entry]) -> Iterator[list[str]]:
        return (self.vocabulary.spelled(counted(one.words)) for one in entries)

    def entry(self, point: str) -> Entry | None:
        """What a point stands for; None when the document was just deleted."""
        return self._entries.get(point)


def _place(window: StoredWindow) -> tuple[int, int]:
    """A window is a part of its chunk, letter by letter; of one that were not, the whole chunk is shown."""
    start = window.chunk_text.find(window.text)
    return (start, start + len(window.text)) if start >= 0 else (0, len(window.chunk_text))


def text_key(text: str) -> int:
    """A number that texts share which differ in case, spaces and punctuation only; others practically never do."""
    return hash(" ".join(_WORD.findall(text.lower())))
