"""Mail addresses: what is one, and how it may be shown."""

import re

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_MAX_ADDRESS = 254


def is_address(text: str) -> bool:
    """Whether it is one plain mail address and nothing else: no name, no list, no line break."""
    return len(text) <= _MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None


def masked(address: str) -> str:
    """The address as it may be shown: `a•••@example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}\u2022\u2022\u2022@{domain}"
