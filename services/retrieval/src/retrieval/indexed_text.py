"""The text that stands for a window in the index: its own, under the title of its page."""


def indexed_text(title: str, window_text: str) -> str:
    """What is embedded and what keywords are counted in."""
    return f"{title}\n{window_text}"
