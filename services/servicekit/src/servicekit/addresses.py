"""Mail addresses: what is one, and how it may be shown."""

import re
from hashlib import sha256

#: One plain mail address; a body's field has it as its pattern.
ADDRESS = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+$"
MAX_ADDRESS = 254
_ADDRESS = re.compile(ADDRESS)


def is_address(text: str) -> bool:
    """Whether it is one plain mail address and nothing else: no name, no list, no line break."""
    return len(text) <= MAX_ADDRESS and _ADDRESS.fullmatch(text) is not None


def masked(address: str) -> str:
    """The address as it may be shown: `a•••@example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}\u2022\u2022\u2022@{domain}"


def fingerprint(address: str) -> str:
    """64 hexadecimal digits that know an address again, whatever its capitals, where it need not stand itself."""
    return sha256(address.strip().casefold().encode()).hexdigest()


def mailbox(address: str) -> str:
    """The name under which mails to an address are counted: capitals, and what is behind a `+`, make no other one."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}".casefold()
