"""Addresses of machines: IPv4 and IPv6, not version numbers."""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = re.compile(rf"(?<![\w.])(?:{_BYTE}\.){{3}}{_BYTE}(?![\w]|\.\d)")
_V6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?![\w:])")
_VERSION = re.compile(
    r"(?:\bv|\bver|version\w*|release|firmware|build|software|update|driver|sdk|plugin|chapter|section|kapitel"
    r"|§)[^\d\n]{0,12}\Z"
)
_SAID = re.compile(r"\bip\b|\bipv4\b|address|adresse|host|server|login|log")


def ips(page: Page) -> Iterator[Claim]:
    """Every address of the page."""
    text = page.lower
    if "." in text:
        for found in _V4.finditer(text):
            before = text[max(0, found.start() - 30) : found.start()]
            small = all(len(part) == 1 for part in found[0].split("."))
            if not _VERSION.search(before) and (not small or _SAID.search(before)):
                yield Claim(strengths.CHECKED, Kind.IP, found.start(), found.end())
    if ":" in text:
        for found in _V6.finditer(text):
            if len(found[0]) > 6 and _is_v6(found[0]):
                yield Claim(strengths.CHECKED, Kind.IP, found.start(), found.end())


def _is_v6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True
