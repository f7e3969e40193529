"""Finding personal data in text: the one place for it in the product."""

from servicekit.privacy.finder import Finder
from servicekit.privacy.kinds import Found, Kind

__all__ = ["Finder", "Found", "Kind"]
