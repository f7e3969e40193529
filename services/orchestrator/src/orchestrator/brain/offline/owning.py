"""Which of their own orders somebody means who names no number: by what is in it, by its place, by how it stands."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Order = Mapping[str, Any]

_WORD = re.compile(r"[a-z]{3,}")
#: Words of items that are no more one order's than another's.
_NO_ITEM = frozenset({"the", "and", "for", "with", "set", "order", "orders", "small", "large", "new", "size", "pack"})
_OTHER = re.compile(r"\bother (?:one|order|parcel|package|delivery)\b|\b(?:the|my) other\W*$", re.IGNORECASE)
_NEWEST = re.compile(r"\b(?:last|latest|newest|most recent|recent) (?:one|order|purchase|parcel|delivery)\b", re.I)
_OLDEST = re.compile(r"\b(?:oldest|older|earlier|previous) (?:one|order|purchase|parcel|delivery)\b", re.IGNORECASE)
_PLACES = (
    re.compile(r"\b(?:first|1st)(?: (?:one|order))?\W*$|\bthe (?:first|1st) (?:one|order)\b", re.IGNORECASE),
    re.compile(r"\b(?:second|2nd)(?: (?:one|order))?\W*$|\bthe (?:second|2nd) (?:one|order)\b", re.IGNORECASE),
    re.compile(r"\b(?:third|3rd)(?: (?:one|order))?\W*$|\bthe (?:third|3rd) (?:one|order)\b", re.IGNORECASE),
)
#: More than where an order is: what is wrong with it, or what may be done with it. The help pages know of that.
_MORE = re.compile(
    r"\b(?:return(?:s|ed|ing)?|(?:send|give|bring) (?:\w+ ){0,3}back|exchange|swap|warrant\w*|broken|broke"
    r"|damaged?|defect\w*|faulty|crack\w*|holes?|torn|missing|lost|stuck|wrong|nothing (?:came|arrived)|neighbou?rs?"
    r"|customs|tax(?:es)?|express|faster|sooner|charged|too (?:small|big|large|tight|short|long|late)"
    r"|(?:never|not|n't) (?:\w+ )?(?:got|get|received?|work|fit|moved)|(?:says?|shows?|marked) (?:as )?delivered"
    r"|only (?:\w+ )?(?:got|received|came|one)|(?:does|do|did)(?:n't| not) (?:fit|work|like))\b",
    re.IGNORECASE,
)
#: What may still be done with a thing that one has, and how somebody speaks who has it.
_RIGHT = re.compile(
    r"\b(?:return|exchange|swap|(?:send|give|bring|take) (?:\w+ ){1,4}back|warrant\w*|guarantee\w*|covered)\b",
    re.IGNORECASE,
)
_HAS_IT = re.compile(
    r"\bstill\b|\btoo late\b|\b(?:i|we)(?:'ve| have)? (?:just |once )?(?:bought|ordered|got|received|purchased)\b"
    r"|\b(?:how (?:long|many days|much time)|until when|till when|by when)\b"
    r".{0,20}\b(?:i|we)\b.*\b(?:my|the|this|that|it)\b",
    re.IGNORECASE,
)
#: "Cancel my order", "please call off the sleeping bag order", "pls cancel ABC123".
_CANCELS = re.compile(
    r"(?:^|(?<=[,.;:!] )|(?<=\bplease )|(?<=\bpls ))"
    r"(?:please |pls |just |can (?:you|u) |could you |will you |i (?:just )?(?:want|need|wish|would like) to "
    r"|i'd like to |i wanna )*(?:cancel|call off|stop) "
    r"(?:(?:my|our|the|that) (?:(?!of|an?|for|to|in|on)[\w-]+ ){0,4}(?:orders?|purchase)\b"
    r"|(?:(?:my|the|order|number) |#)*(?:<order_\w+>|[A-Za-z]{0,4}-?\d{3,10}\b))",
    re.IGNORECASE,
)
#: "Where is my refund", "you still have not refunded me": one that somebody waits for, not how refunds go.
_AWAITS_MONEY = re.compile(
    r"\b(?:my|our|the) (?:[\w.$€£]+ ){0,3}refunds?\b.{0,40}"
    r"\b(?:paid|gone|come|came|arrived?|through|out|done|there|yet|processed|issued|sent|ago)\b"
    r"|\bwhere(?:'s| is| are)? (?:my|our|the) (?:[\w.$€£]+ ){0,2}(?:refunds?|money)\b"
    r"|\b(?:still|got|have|received?|seen) no (?:refund|money)\b"
    r"|\b(?:did|have|has) (?:you|anyone|it|they) (?:\w+ )?refund(?:ed)?\b"
    r"|\b(?:not|n't|never) (?:\w+ )?(?:refunded me|(?:got|received?|seen|get) (?:my|the|any) (?:refund|money))\b"
    r"|\b(?:was|were|am|have) i (?:\w+ )?(?:been )?refunded\b",
    re.IGNORECASE,
)
_IN_GENERAL = re.compile(
    r"\b(?:how (?:long|do|does|can|many|soon|fast)|when (?:do|does|will|can)|what if|polic(?:y|ies))\b", re.IGNORECASE
)
_ANY_OF_THEIRS = re.compile(r"\b(?:orders?|purchases?|parcels?|packages?|things?|stuff|what i)\b", re.IGNORECASE)
_ON_ITS_WAY = frozenset({"pending_payment", "processing", "shipped"})
#: The states in which an order is what somebody asks about who says no more.
_STANDS: Mapping[str, frozenset[str]] = {
    "order_status": _ON_ITS_WAY, "order_change": _ON_ITS_WAY, "refund_request": frozenset({"delivered"}),
    "refund_status": frozenset({"refunded", "returned", "cancelled"}),
}  # fmt: skip


def meant(text: str, orders: Sequence[Order], intent: str, spoken_of: str | None) -> Order | None:
    """The one of the customer's `orders` (newest first) that a message means; None when it may be several.

    `spoken_of`: the number of the order that was spoken of last.
    """
    if len(orders) > 1 and _OTHER.search(text):
        rest = [one for one in orders if one["order_id"] != spoken_of]
        return rest[0] if spoken_of is not None and len(rest) == 1 else None
    if (named := _by_items(text, orders)) is not None:
        return named
    if (placed := _by_place(text, orders)) is not None:
        return placed
    standing = [one for one in orders if one["status"] in _STANDS.get(intent, frozenset())]
    if len(standing) == 1:
        return standing[0]
    return orders[0] if len(orders) == 1 else None


def had(text: str, orders: Sequence[Order]) -> Order | None:
    """The one of the customer's orders that somebody means who asks what may be done with a thing that they have; None
    also where what is named is in none of them.
    """
    if (found := _by_items(text, orders) or _by_place(text, orders)) is not None:
        return found
    came = [one for one in orders if one["status"] == "delivered"]
    return came[0] if len(came) == 1 and _ANY_OF_THEIRS.search(text) else None


def asks_what_is_left(text: str) -> bool:
    """Whether somebody asks if they may still return what they have, or have it mended: it depends on when it came."""
    return _RIGHT.search(text) is not None and _HAS_IT.search(text) is not None


def asks_to_cancel(text: str) -> bool:
    """Whether an order of theirs is to be cancelled: "can I cancel my order?" only asks whether one may."""
    return _CANCELS.search(text) is not None


def awaits_money(text: str) -> bool:
    """Whether somebody asks for a refund that they wait for; how refunds go in general is another question."""
    return _AWAITS_MONEY.search(text) is not None and _IN_GENERAL.search(text) is None


def says_another(text: str) -> bool:
    """Whether a message means an order other than the one that was spoken of last."""
    return _OTHER.search(text) is not None


def asks_for_more(text: str) -> bool:
    """Whether a message about an order says more of it than that somebody asks where it is, or what is in it."""
    return _MORE.search(text) is not None


def _by_items(text: str, orders: Sequence[Order]) -> Order | None:
    """The order that has most of the things that are named, when no other has as many."""
    said = _words(text)
    hits = sorted(((len(said & _items(one)), place) for place, one in enumerate(orders)), reverse=True)
    if not hits or not hits[0][0] or (len(hits) > 1 and hits[0][0] == hits[1][0]):
        return None
    return orders[hits[0][1]]


def _by_place(text: str, orders: Sequence[Order]) -> Order | None:
    if _NEWEST.search(text):
        return orders[0]
    if _OLDEST.search(text):
        return orders[-1]
    places = (place for place, said in enumerate(_PLACES) if said.search(text))
    place = next(places, None)
    return orders[place] if place is not None and place < len(orders) else None


def _items(order: Order) -> set[str]:
    return _words(" ".join(str(item["name"]) for item in order["items"])) - _NO_ITEM


def _words(text: str) -> set[str]:
    """Words without the s of several: "mugs" is "mug"."""
    return {one.removesuffix("s") if len(one) > 3 else one for one in _WORD.findall(text.lower())}
