"""E-mail addresses, also those written out: `ada (at) example (dot) com`."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_LOCAL = re.compile(r"(?:\"[^\"\n@]{1,60}\"|[\w.!#$%&'*+/=?^`{|}~-]{1,64})\Z")
_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})+|\[[\d.]{7,15}\]")
_TOP = (
    r"(?:com|org|net|edu|gov|info|biz|io|co|app|dev|eu|de|at|ch|fr|es|it|nl|be|uk|ie|us|ca|au|nz|in|br|mx|pt"
    r"|pl|se|no|dk|fi|cz|jp|cn|shop|example|me)"
)
_AT_WORD = r"(?:at|ät|arroba|arobase|chiocciola|apenstaartje)"
_DOT = r"(?: ?[\[({<] ?(?:dot|punkt|punto|point|punt|\.) ?[\])}>] ?| (?:dot|punkt|punto|point|punt) | ?\. ?)"
_WRITTEN_HOST = re.compile(
    rf"(?P<at> ?[\[({{<] ?(?:{_AT_WORD}|@) ?[\])}}>] ?| {_AT_WORD} | ?@ ?)"
    rf"(?P<host>[a-z0-9-]+(?:{_DOT}[a-z0-9-]+){{0,3}}{_DOT}{_TOP})(?![\w-])"
)
_WRITTEN_LOCAL = re.compile(
    r"(?<![\w.@+-])[a-z0-9][a-z0-9._+-]*(?:(?: (?:dot|punkt|punto|point|punt) |[\[(]dot[\])])[a-z0-9_-]+){0,3}\Z"
)
_SPELLED = re.compile(r" (?:dot|punkt|punto|point|punt) |[\[({<]")
_PROVIDER = re.compile(
    r"(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|gmx|web|live|aol|proton|protonmail|posteo|orange|libero|ziggo)\b"
)
_NO_LOCAL = frozenset(
    [
        "me",
        "us",
        "it",
        "him",
        "her",
        "them",
        "look",
        "shop",
        "live",
        "here",
        "order",
        "orders",
        "store",
        "website",
        "site",
        "available",
    ]
)


def emails(page: Page) -> Iterator[Claim]:
    """Every address of the page."""
    at = page.text.find("@")
    while at >= 0:
        local, host = _LOCAL.search(page.text, max(0, at - 64), at), _HOST.match(page.text, at + 1)
        if local and host:
            yield Claim(strengths.EMAIL, Kind.EMAIL, local.start(), host.end())
        at = page.text.find("@", at + 1)
    for found in _WRITTEN_HOST.finditer(page.lower):
        local = _WRITTEN_LOCAL.search(page.lower, max(0, found.start() - 64), found.start())
        if local and _sure(local[0], found["at"], found["host"]):
            yield Claim(strengths.EMAIL - 1, Kind.EMAIL, local.start(), found.end())


def _sure(local: str, at: str, host: str) -> bool:
    """Whether it is meant as an address: "look at example.com" is not."""
    if at.strip() not in {"at", "ät"}:
        return at.strip() != "@" or " " in at + host
    if local in _NO_LOCAL:
        return False
    return _SPELLED.search(host) is not None or _PROVIDER.match(host) is not None
