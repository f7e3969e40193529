"""The finder: what personal data stands where in a text. Deterministic, without I/O, no model."""

from bisect import bisect
from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Self

from servicekit.privacy.addresses import addresses
from servicekit.privacy.cards import cards
from servicekit.privacy.emails import emails
from servicekit.privacy.folding import Page, fold
from servicekit.privacy.ibans import ibans
from servicekit.privacy.ips import ips
from servicekit.privacy.kinds import Claim, Found, Kind
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

    def __init__(self, detectors: Mapping[Kind, Detector]) -> None:
        self._detectors = dict(detectors)

    @classmethod
    def load(cls, *, words: bool = True) -> Self:
        """A finder with the number plans and word lists of this package read (a tenth of a second).

        Without `words` names and addresses are not looked for: for logs, where fields are hidden by their name.
        """
        structured: dict[Kind, Detector] = {
            Kind.EMAIL: emails, Kind.LINK: links, Kind.SECRET: secrets, Kind.CARD: cards, Kind.IBAN: ibans,
            Kind.IP: ips, Kind.NATIONAL_ID: national_ids, Kind.ORDER: orders, Kind.PHONE: Phones.load(),
        }  # fmt: skip
        return cls({**structured, Kind.ADDRESS: addresses, Kind.NAME: Names.load()} if words else structured)

    def find(
        self, text: str, *, names: Collection[str] = (), kinds: Collection[Kind] = frozenset(Kind)
    ) -> tuple[Found, ...]:
        """What stands in `text`, in the order of the text, without overlaps; the surest claim wins, then the longest.

        `names` are people who are known to stand in it: they and their parts are found in any spelling of case. Only
        `kinds` are looked for: what another kind would have claimed can then be taken for one of these.
        """
        page = fold(text)
        claims = [claim for kind, detect in self._detectors.items() if kind in kinds for claim in detect(page)]
        if names:
            claims.extend(known_names(page, names))
        return tuple(Found(claim.kind, *page.place(claim.start, claim.end)) for claim in _settled(claims))


def _settled(claims: list[Claim]) -> list[Claim]:
    """The claims that win, by place."""
    kept: list[Claim] = []
    for claim in sorted(claims, key=lambda one: (-one.strength, one.start - one.end, one.start)):
        place = bisect(kept, claim.start, key=attrgetter("start"))
        if (place == 0 or kept[place - 1].end <= claim.start) and (
            place == len(kept) or claim.end <= kept[place].start
        ):
            kept.insert(place, claim)
    return kept
