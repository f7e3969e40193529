"""The text that stands for a window in the index: its own, under the title of its page."""

import hashlib

from servicekit.embedding import MODEL_ID


def indexed_text(title: str, window_text: str) -> str:
    """What is embedded and what keywords are counted in."""
    return f"{title}\n{window_text}"


def text_digest(indexed: str) -> bytes:
    """SHA-256 of an indexed text and of the deep model that reads it: texts of one digest share one deep vector."""
    return hashlib.sha256(f"{MODEL_ID}\n{indexed}".encode()).digest()
