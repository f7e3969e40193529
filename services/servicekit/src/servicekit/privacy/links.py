"""Links that open something for whoever holds them: a signature, a token, a key or a code is in the address."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_CAPABILITY = re.compile(
    r"[?&#;](?:[a-z]+[_-])*(?:signature|sig|sign|token|key|code|auth|secret|otp|session|sid|jwt|hash|password"
    r"|ticket_hash)=[^\s&]",
    re.IGNORECASE,
)
_LEFT_END = re.compile(r"[^\s<>\"'(\[{|]*\Z")
_RIGHT = re.compile(r"[^\s<>\"')\]}|]*")


def links(page: Page) -> Iterator[Claim]:
    """Every capability link, from its scheme (or host) to its end."""
    if "=" not in page.text:
        return
    done = 0
    for found in _CAPABILITY.finditer(page.text):
        if found.start() < done:
            continue
        left = _LEFT_END.search(page.text, max(done, found.start() - 500), found.start())
        right = _RIGHT.match(page.text, found.end())
        if left is None or right is None or ("." not in left[0] and "://" not in left[0] and "/" not in left[0]):
            continue
        end = right.end()
        while page.text[end - 1] in ".,;:!?":
            end -= 1
        done = end
        yield Claim(strengths.LINK, Kind.LINK, left.start(), end)
