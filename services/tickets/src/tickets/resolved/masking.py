"""Takes personal data out of what customers and support wrote, before it leaves this service.

Patterns find addresses, numbers, links and ids of orders; greetings and closings go because names stand in them. A name
in the middle of a sentence is found only when it is known: who uses the text reads it before anything is published.
"""

import re
from collections.abc import Iterable

from servicekit.redaction import redact_text

_LINK = re.compile(r"https?://[^\s)\]>\"']*[?&](?:signature|sig|token|key|code)=[^\s)\]>\"']*", re.IGNORECASE)
_ORDER = re.compile(
    r"\b(orders?|invoice|parcel|tracking)(\s+(?:number|no\.?|id))?\s*[:#]?\s*#?(?=[A-Z0-9-]*\d)[A-Z0-9-]{3,32}\b",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^[ \t]*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))\b[^\n,.!?:]{0,40}[,.!:\n][ \t]*\n*",
    re.IGNORECASE | re.MULTILINE,
)
_CLOSING = re.compile(
    r"^[ \t]*(?:(?:kind|best|warm)[ \t]+)?(?:regards|wishes|sincerely|cheers|yours(?:[ \t]+\w+)?)[ \t]*"
    r"(?:,[^\n]{0,60})?[ \t]*(?:\n(?:.*))?\Z",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


def masked(text: str, *, names: Iterable[str] = ()) -> str:
    """The text without personal data; `names` are people who are known to stand in it."""
    text = _CLOSING.sub("", _GREETING.sub("", text))
    text = _LINK.sub("[link]", text)
    text = redact_text(text)
    text = _ORDER.sub(lambda found: f"{found[1]} [number]", text)
    known = {part for name in names for part in (name, *name.split()) if len(part) > 2}
    for part in sorted(known, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "[name]", text, flags=re.IGNORECASE)
    return text.strip()
