"""Files of a folder, or one file: Markdown, HTML, plain text, PDF."""

from retrieval.sources.files.source import FileSource

__all__ = ["FileSource"]
