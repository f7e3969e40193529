"""The decimal strings of shop systems ("29.35") as minor units, exactly. `Money` says how many digits those are."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from contracts.money import Money


def money(amount: str, currency: str) -> Money:
    """`"29.35", "USD"` is 2935. Raises ValueError for what is no amount, or has a part smaller than the minor unit."""
    minor = _shifted(_decimal(amount), currency)
    if minor != minor.to_integral_value():
        raise ValueError("an amount has a part smaller than the minor unit")
    return Money(amount_minor=int(minor), currency=currency)


def unit_price(line_total: str, line_tax: str, quantity: int, currency: str) -> Money:
    """One piece of a line, rounded to the minor unit: a shop divides what it sold together. Raises ValueError."""
    if quantity < 1:
        raise ValueError("a line has no pieces")
    each = (_decimal(line_total) + _decimal(line_tax)) / quantity
    minor = _shifted(each, currency).to_integral_value(ROUND_HALF_EVEN)
    return Money(amount_minor=int(minor), currency=currency)


def decimal_text(value: Money) -> str:
    """The other way: 2935 USD is "29.35"."""
    return str(value).partition(" ")[0]


def _decimal(amount: str) -> Decimal:
    # A JSON number has been a float already, and may have lost what it said.
    if not isinstance(amount, str):
        raise TypeError("an amount is a string")
    try:
        value = Decimal(amount)
    except InvalidOperation:
        raise ValueError("not an amount") from None
    if not value.is_finite() or not -15 <= value.adjusted() <= 15:
        raise ValueError("not an amount")
    return value


def _shifted(value: Decimal, currency: str) -> Decimal:
    # The contract writes each currency with its own number of digits; asking it keeps one table of them.
    digits = len(decimal_text(Money(amount_minor=0, currency=currency)).partition(".")[2])
    return value.scaleb(digits)
