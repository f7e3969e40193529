"""HTML in, Markdown out: what a visitor sees, and nothing that is hidden from them."""

from retrieval.sources.pages.page import Page, read_page

__all__ = ["Page", "read_page"]
