"""Posts, pages and products of a WordPress site over its REST API."""

from retrieval.sources.wordpress.source import WordPressSource

__all__ = ["WordPressSource"]
