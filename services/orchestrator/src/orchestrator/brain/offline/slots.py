"""The facts in a message: order and invoice numbers, masked addresses, amounts. By rules, never guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from contracts.turn import Role
from orchestrator.brain.offline.correcting import corrections
from orchestrator.brain.port import Message

_INVOICE = re.compile(r"\bINV[-_ ]?(?:\d{4}-)?[A-Z0-9-]*\d\b", re.IGNORECASE)
_MIXED = re.compile(r"(?<![\w<@./-])#?(?=[A-Za-z0-9-]*\d)(?!INV)([A-Za-z]{2,8}-?\d{2,10})(?![\w>@-])", re.IGNORECASE)
_NAMED = re.compile(
    r"\b(?:order|purchase|bestellung)s?\s*(?:(?:number|no\.?|nr\.?|id)\b\s*)?(?:is\s+)?[:#]?\s*#?"
    r"(?=[A-Za-z0-9-]*\d)([A-Za-z0-9][A-Za-z0-9-]{2,31})\b",
    re.IGNORECASE,
)
#: "ABC 123": capitals, then digits, written apart. A currency, a month or a short word before a number is none.
_APART = re.compile(
    r"(?<![\w<@./-])(?!(?:USD|EUR|GBP|CAD|CHF|AUD|INV|PO|APO|FPO|AM|PM|OK|NO|ID|TV|US|UK|EU"
    r"|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\b)([A-Z]{2,4}) (\d{3,10})(?![\w>%-]|[.,]\d)"
)
#: "order abc 123" in small letters, and what is dictated: "A B C 1 2 3".
_APART_NAMED = re.compile(
    r"\border (?:number |no\.? |nr\.? )?"
    r"(?!(?:for|the|and|was|has|did|of|in|on|at|is|to|my|by|from|over|with|usd|eur|gbp)\b)"
    r"([a-z]{2,4}) (\d{3,10})(?![\w>%-]|[.,]\d)",
    re.IGNORECASE,
)
_DICTATED = re.compile(r"(?<![\w<])((?:[A-Za-z][ -]){2,5}(?:\d[ -]){2,8}\d)(?!\w)")
#: A word for less money is no order: SAVE10, WELCOME20, and what is called a code.
_VOUCHER = re.compile(
    r"(?<!order )(?<!number )\b(?:save|welcome|hello|thanks?|off|sale|spring|summer|autumn|fall|winter|xmas|bf|vip|new"
    r"|deal|promo|gift)-?\d{1,3}\b"
    r"|\b(?:coupon|voucher|discount|promo(?:tion)?)(?: code)?(?: is| was)?:? [A-Za-z]+\d{1,3}\b",
    re.IGNORECASE,
)
_HASHED = re.compile(r"(?<!\w)#\s?(\d{3,10})\b")
_DIGITS = re.compile(r"(?<![\w$€£.,:<-])(\d{4,10})(?![\w>:%-]|[.,]\d)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_UNITS_AFTER = re.compile(
    r"\s*(?:[$€£]|(?:dollars?|usd|eur|euros?|gbp|pounds?|bucks|days?|hours?|minutes?|years?|weeks?|months?|items?"
    r"|pieces?|times|cm|mm|km|kg|lbs?|miles?|people|percent|%)\b)",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"<email_[a-z2-7]{8}>")
_ORDER = re.compile(r"<order_[a-z2-7]{8}>")
_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d{1,7})(?:\.(\d{1,2}))?(?!\d)"
_SIGNED = re.compile(rf"([$€£])\s?{_NUMBER}")
_SIGNED_AFTER = re.compile(rf"(?<![\w.,$€£]){_NUMBER}\s?([$€£])(?!\s?\d)")
_WORDED = re.compile(
    rf"(?<![\w.,]){_NUMBER}\s?(usd|us dollars?|dollars?|bucks|eur|euros?|gbp|pounds?)\b", re.IGNORECASE
)
_CODED = re.compile(rf"\b(usd|eur|gbp)\s?{_NUMBER}", re.IGNORECASE)
#: "Refund me 25", "take 10 off", "15 back please": an amount in whatever the order was paid in.
_BARE_NUMBER = r"(\d{1,3})(?:[.,](\d{1,2}))?(?![\w%])(?![.,-]\d)"
_BARE = (
    re.compile(
        rf"\b(?:refund|reimburse|repay|credit|compensate|give|pay|send)(?: (?:me|us|my card))?(?: back)?(?: with)?"
        rf" {_BARE_NUMBER}"
        r"(?! ?(?:of (?:the|my|them)|x|more|new|days?|hours?|minutes?|weeks?|months?|years?|items?|pieces?|times"
        r"|percent|stars?|orders?|dollars?|bucks|euros?|pounds?)\b)",
        re.IGNORECASE,
    ),
    re.compile(rf"(?<![\w.,-]){_BARE_NUMBER} (?:back|off)\b", re.IGNORECASE),
)
_ONLY_NUMBER = re.compile(rf"^\W*(?:just |only |about |maybe |make it )*{_BARE_NUMBER}(?: please)?\W*$", re.IGNORECASE)
#: "7 actually, not 5", "make it 15 instead", "3 then", "no, 20 dollars": another amount, and no word of anything else.
_ANOTHER_AMOUNT = re.compile(
    r"^\W*(?:(?:no|sorry|actually|wait|oops|just|only|rather|then|ok(?:ay)?|please|make (?:it|that)|i (?:mean|meant)"
    r"|change (?:it|that) to|let'?s say|better)\W+)*"
    rf"([$€£])?{_BARE_NUMBER}\s?([$€£]|(?:usd|us dollars?|dollars?|bucks|eur|euros?|gbp|pounds?)\b)?"
    r"(?:\W+(?:actually|instead|then|please|rather|sorry|thanks|is enough|will do"
    r"|(?:and )?(?:not|instead of) [$€£]?\d+(?:[.,]\d+)?[$€£]?))*\W*$",
    re.IGNORECASE,
)
_MERE_NUMBER = re.compile(rf"^\W*(?:just |only |it |that |make |i |mean )*{_BARE_NUMBER}", re.IGNORECASE)
_WHOLE = re.compile(
    r"\b(?:full|whole|entire|complete|total)(?:ly)? (?:refund(?:ed)?|amount|order|price|sum|payment|purchase)\b"
    r"|\b(?:refund|reimburse)(?: me)? (?:everything|all of it|it all|all|(?:completely|fully|entirely)"
    r"|the (?:whole|entire|full|complete) )"
    r"|\b(?:refunded|reimbursed|refund\b.{0,40}) (?:completely|fully|entirely)\b|\bfully (?:refund|reimburse)"
    r"|\b(?:give|get|want|have) (?:me )?everything back\b(?! to you)"
    r"|\ball (?:of )?(?:it|my money|the money)\b|\bin full\b|\bevery (?:cent|penny)\b",
    re.IGNORECASE,
)
MAX_ORDERS = 2
_CURRENCIES = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "u": "USD",
    "d": "USD",
    "b": "USD",
    "e": "EUR",
    "g": "GBP",
    "p": "GBP",
}


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in minor units; without a currency it is the one that the order was paid in."""

    minor: int
    currency: str | None


@dataclass(frozen=True, slots=True)
class Slots:
    """What a message names. `whole` says that all of an order's money is meant."""

    order_id: str | None = None
    invoice_number: str | None = None
    email: str | None = None
    amount: Amount | None = None
    whole: bool = False

    @property
    def names_something(self) -> bool:
        """Whether there is an order, an invoice or an address in it."""
        return (self.order_id or self.invoice_number or self.email) is not None


def read_slots(text: str) -> Slots:
    """The facts in one message; the first of each kind counts, or what it was corrected to."""
    invoice = _INVOICE.search(text)
    rest = text.replace(invoice[0], " ") if invoice else text
    email = _EMAIL.search(rest)
    return Slots(
        order_id=_corrected_order(rest),
        invoice_number=invoice[0].upper().replace(" ", "-").replace("_", "-") if invoice else None,
        email=email[0] if email else None,
        amount=_corrected_amount(rest),
        whole=_WHOLE.search(rest) is not None,
    )


def orders_of(text: str) -> tuple[str, ...]:
    """The orders that one message names, at most two."""
    found: list[str] = []
    while len(found) < MAX_ORDERS and (one := _order_id(text)) is not None and one not in found:
        found.append(one)
        text = re.sub(re.escape(one), " ", text, flags=re.IGNORECASE)
    return tuple(found)


def only_amount(text: str) -> Amount | None:
    """The amount that a message is, when it is nothing but a number: an answer to "how much?"."""
    found = _ONLY_NUMBER.match(text)
    return found and _money(found[1], found[2], None)


def another_amount(text: str, before: Amount) -> Amount | None:
    """The amount that a message wants in the place of the one `before`; None when it says anything else."""
    if (found := _ANOTHER_AMOUNT.match(text)) is None:
        return None
    said = _money(found[2], found[3], found[1] or found[4])
    return said and replace(said, currency=said.currency or before.currency)


def remembered_order(history: Sequence[Message]) -> str | None:
    """The order that was spoken of last: that the customer named, or that was the only one in an answer of ours."""
    for message in reversed(history):
        if message.role is Role.CUSTOMER:
            found = read_slots(message.text).order_id
        else:
            told = set(_ORDER.findall(message.text))
            found = told.pop() if len(told) == 1 else None
        if found:
            return found
    return None


def _corrected_order(text: str) -> str | None:
    """The order, or the one that it was corrected to: "ABC123, I mean XYZ789"."""
    first = _order_id(text)
    later = (_order_id(part) for part in corrections(text, sure=True)) if first else ()
    return next((one for one in later if one is not None), first)


def _corrected_amount(text: str) -> Amount | None:
    """The amount, or what it was corrected to, which may be a mere number: "20 dollars, no, make that 15"."""
    first = _amount(text)
    if first is None:
        return None
    for part in corrections(text):
        if (later := _amount(part)) is not None:
            return later
        bare = _MERE_NUMBER.match(part)
        if bare and not _UNITS_AFTER.match(part, bare.end()) and (later := _money(bare[1], bare[2], None)):
            return Amount(later.minor, first.currency)
    return first


def _order_id(text: str) -> str | None:
    text = _VOUCHER.sub(" ", text)
    if masked := _ORDER.search(text):
        return masked[0]
    for pattern in (_NAMED, _MIXED, _HASHED):
        if found := pattern.search(text):
            return found[1].upper()
    if dictated := _DICTATED.search(text):
        return re.sub(r"[ -]", "", dictated[1]).upper()
    if (apart := _APART.search(text) or _APART_NAMED.search(text)) and not _UNITS_AFTER.match(text, apart.end()):
        return f"{apart[1]}{apart[2]}".upper()
    for found in _DIGITS.finditer(text):
        if not _YEAR.fullmatch(found[1]) and not _UNITS_AFTER.match(text, found.end()):
            return found[1]
    return None


def _amount(text: str) -> Amount | None:
    if found := _SIGNED.search(text):
        return _money(found[2], found[3], found[1])
    if found := _CODED.search(text):
        return _money(found[2], found[3], found[1])
    if found := _WORDED.search(text) or _SIGNED_AFTER.search(text):
        return _money(found[1], found[2], found[3])
    bare = next((found for one in _BARE if (found := one.search(text))), None)
    return bare and _money(bare[1], bare[2], None)


def _money(whole: str, cents: str | None, currency: str | None) -> Amount | None:
    minor = int(whole.replace(",", "")) * 100 + int((cents or "0").ljust(2, "0"))
    return Amount(minor, currency and _CURRENCIES[currency[0].lower()]) if minor else None
