"""What this process remembers of the indexed documents: the text behind each point, and all their words.

A vector store answers with ids; the catalogue says what they stand for. It is filled from the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.lexicon import Lexicon
from retrieval.points import point_id
from retrieval.repository import StoredWindow


@dataclass(frozen=True, slots=True)
class Entry:
    """A window as search shows it: `text` is its whole chunk's; `section`, `anchor`, `window` (text) are its own.

    `updated_at` in Unix seconds.
    """

    document_id: str
    chunk_id: str
    title: str
    url: str
    section: str
    anchor: str
    window: str
    text: str
    is_policy: bool
    updated_at: float


class Catalogue:
    """Entries by point id, and the lexicon of all documents in it."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self._entries: dict[str, Entry] = {}
        self._points: dict[str, list[str]] = {}

    @property
    def documents(self) -> frozenset[str]:
        """The ids of the documents in it."""
        return frozenset(self._points)

    def put(self, document_id: str, windows: Sequence[StoredWindow]) -> None:
        """Takes in all windows of a document, in place of those it had."""
        self.remove(document_id)
        texts: dict[str, str] = {}  # one string per chunk, however many windows look into it
        for window in windows:
            entry = Entry(
                document_id, window.chunk_id, window.title, window.url, window.section,
                window.anchor, window.text,
                texts.setdefault(window.chunk_id, window.chunk_text), window.is_policy, window.updated_at.timestamp(),
            )  # fmt: skip
            self._entries[point_id(window)] = entry
        self._points[document_id] = [point_id(window) for window in windows]
        self.lexicon.add(document_id, (window.indexed_text for window in windows))

    def remove(self, document_id: str) -> None:
        """Forgets a document; an unknown one is no error."""
        for point in self._points.pop(document_id, ()):
            self._entries.pop(point, None)
        self.lexicon.remove(document_id)

    def entry(self, point: str) -> Entry | None:
        """What a point stands for; None when the document was just deleted."""
        return self._entries.get(point)
