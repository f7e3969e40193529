"""Texts for translators: found in PHP, JavaScript and block.json; read from and written to gettext's files."""

from .sources import Text, in_sources

__all__ = ["Text", "in_sources"]
