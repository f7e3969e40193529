"""Finding personal data in text: the one place for it in the product."""

from servicekit.privacy.finder import Finder
from servicekit.privacy.hiding import hidden
from servicekit.privacy.kinds import STRUCTURED, Found, Kind

__all__ = ["STRUCTURED", "Finder", "Found", "Kind", "hidden"]
