"""Questions that a page's author expects, as windows of their own: a section is found by its readers' words too."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from retrieval.chunking.chunker import Chunk, Window


def with_questions(chunks: Sequence[Chunk], asked: Mapping[str, Sequence[str]]) -> list[Chunk]:
    """The chunks with a window per question, in the chunk where the section under that heading begins.

    The text of a chunk stays: a question is never quoted. Under a heading that is in no chunk they go to the first.
    """
    added: list[list[Window]] = [[] for _ in chunks]
    for heading, questions in asked.items():
        number, section = _place(chunks, heading)
        for question in questions if chunks else ():
            added[number].append(Window(section.section, section.anchor, question))
    return [replace(one, windows=(*one.windows, *more)) for one, more in zip(chunks, added, strict=True)]


def _place(chunks: Sequence[Chunk], heading: str) -> tuple[int, Window]:
    """Where a section begins: the number of its chunk, and its first window."""
    windows = [(number, window) for number, chunk in enumerate(chunks) for window in chunk.windows]
    wanted = _plain(heading)
    found = (one for one in windows if _plain(one[1].section.rsplit(" > ", 1)[-1]) == wanted)
    return next(found, windows[0] if windows else (0, Window("", "", "")))


def _plain(heading: str) -> str:
    return " ".join(heading.split()).casefold()
