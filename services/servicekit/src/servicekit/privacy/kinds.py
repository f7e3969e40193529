"""What can be found, and where it stands."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a piece of text is. The values are stable: stored tokens carry them."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"
    NATIONAL_ID = "national_id"
    ADDRESS = "address"
    NAME = "name"
    IP = "ip"
    LINK = "link"
    SECRET = "secret"  # noqa: S105 - a kind, no password
    ORDER = "order"


#: Kinds that have a form of their own. Names and addresses are words among words.
STRUCTURED = frozenset(Kind) - {Kind.NAME, Kind.ADDRESS}


@dataclass(frozen=True, slots=True)
class Found:
    """One value: its kind and its place, `text[start:end]`."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a detector says of a stretch of the folded text; of two that overlap, the stronger one is kept."""

    strength: int
    kind: Kind
    start: int
    end: int
