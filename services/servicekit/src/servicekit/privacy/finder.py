"""The finder: what personal data stands where in a text. Deterministic, without I/O, no model."""

from collections.abc import Callable, Collection, Iterable
from typing import Self

from servicekit.privacy.addresses import addresses
from servicekit.privacy.cards import cards
from servicekit.privacy.emails import emails
from servicekit.privacy.folding import Page, fold
from servicekit.privacy.ibans import ibans
from servicekit.privacy.ips import ips
from servicekit.privacy.kinds import Claim, Found
from servicekit.privacy.known_names import known_names
from servicekit.privacy.links import links
from servicekit.privacy.names import Names
from servicekit.privacy.national_ids import national_ids
from servicekit.privacy.orders import orders
from servicekit.privacy.phones import Phones
from servicekit.privacy.secrets import secrets

Detector = Callable[[Page], Iterable[Claim]]


class Finder:
    """Finds personal data. Made once by `load` and shared: it keeps nothing of a text, any thread may ask."""

    def __init__(self, detectors: Collection[Detector]) -> None:
        self._detectors = tuple(detectors)

    @classmethod
    def load(cls) -> Self:
        """A finder with the number plans and word lists of this package read (a tenth of a second)."""
        return cls(
            (emails, links, secrets, cards, ibans, ips, national_ids, orders, addresses, Phones.load(), Names.load())
        )

    def find(self, text: str, *, names: Collection[str] = ()) -> tuple[Found, ...]:
        """What stands in `text`, in the order of the text, without overlaps; the surest claim wins, then the longest.

        `names` are people who are known to stand in it: they and their parts are found in any spelling of case.
        """
        page = fold(text)
        claims = [claim for detect in self._detectors for claim in detect(page)]
        if names:
            claims.extend(known_names(page, names))
        return tuple(Found(claim.kind, *page.place(claim.start, claim.end)) for claim in _settled(claims))


def _settled(claims: list[Claim]) -> list[Claim]:
    """The claims that win, by place."""
    kept: list[Claim] = []
    for claim in sorted(claims, key=lambda one: (-one.strength, one.start - one.end, one.start)):
        if all(claim.end <= other.start or other.end <= claim.start for other in kept):
            kept.append(claim)
    return sorted(kept, key=lambda one: one.start)
