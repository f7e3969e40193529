"""Markdown in, chunks of 300-500 tokens out, each with its heading path and anchor."""

from retrieval.chunking.asked import with_questions
from retrieval.chunking.chunker import Chunk, Window, chunk_markdown

__all__ = ["Chunk", "Window", "chunk_markdown", "with_questions"]
