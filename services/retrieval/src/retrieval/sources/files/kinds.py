"""Which files are read, and what is said of the others."""

from enum import StrEnum
from pathlib import Path


class FileKind(StrEnum):
    """How a file is read."""

    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"
    PDF = "pdf"


_KINDS = {
    ".md": FileKind.MARKDOWN, ".markdown": FileKind.MARKDOWN, ".mdx": FileKind.MARKDOWN,
    ".html": FileKind.HTML, ".htm": FileKind.HTML, ".xhtml": FileKind.HTML,
    ".txt": FileKind.TEXT, ".text": FileKind.TEXT,
    ".pdf": FileKind.PDF,
}  # fmt: skip
_DATA = "is data, not an article. Write what customers should know as a page, or send it over the API"
_OFFICE = "is an office file. Save it as PDF or HTML"
_REASONS = {
    ".json": _DATA, ".csv": _DATA, ".tsv": _DATA, ".xml": _DATA, ".yaml": _DATA, ".yml": _DATA, ".xlsx": _DATA,
    ".xls": _DATA, ".docx": _OFFICE, ".doc": _OFFICE, ".odt": _OFFICE, ".rtf": _OFFICE, ".pptx": _OFFICE,
    ".zip": "is an archive. Unpack it first", ".gz": "is an archive. Unpack it first",
}  # fmt: skip


def kind_of(path: Path) -> FileKind | None:
    """How the file is read, by the end of its name; None for a kind that is not."""
    return _KINDS.get(path.suffix.lower())


def why_not(path: Path) -> str:
    """Why a file of no known kind is left out."""
    read = "Markdown, HTML, text and PDF are read"
    return _REASONS.get(path.suffix.lower(), f"is not of a kind that is read ({read})")
