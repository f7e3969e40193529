"""Takes personal data out of what customers and support wrote, before it leaves this service.

Greetings and closings go as a whole because names stand in them. A name in the middle of a sentence is found when it is
known or unmistakable: who uses the text reads it before anything is published.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from servicekit.privacy import Finder, hidden

_GREETING = re.compile(
    r"^[ \t]*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))\b[^\n,.!?:]{0,40}[,.!:\n][ \t]*\n*",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING = re.compile(
    r"^[ \t]*(?:(?:kind|best|warm)[ \t]+)?(?:regards|wishes|sincerely|cheers|yours(?:[ \t]+\w+)?)[ \t]*"
    r"(?:,[^\n]{0,60})?[ \t]*(?:\n(?:.*))?\Z",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Masking:
    """Masks what the finder finds."""

    finder: Finder

    def __call__(self, text: str, *, names: Collection[str] = ()) -> str:
        """The text without personal data; `names` are people who are known to stand in it."""
        text = _CLOSING.sub("", _GREETING.sub("", text))
        return hidden(text, self.finder.find(text, names=names)).strip()
