"""Decimal strings become minor units exactly, with each currency's own number of digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.money import Money
from orders.money import decimal_text, money, unit_price


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("29.35", "USD", 2935), ("184.0", "USD", 18400), ("184", "EUR", 18400), ("0.10", "USD", 10), ("0", "USD", 0),
        ("1500", "JPY", 1500), ("1500.0000", "JPY", 1500), ("1.234", "KWD", 1234), ("1.2", "KWD", 1200),
        ("1.2340", "KWD", 1234), ("9999999.99", "USD", 999999999),
    ],
)  # fmt: skip
def test_an_amount_is_read_in_its_currency(amount: str, currency: str, minor: int) -> None:
    assert money(amount, currency) == Money(amount_minor=minor, currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("29.355", "USD"), ("1500.5", "JPY"), ("1.2345", "KWD"), ("", "USD"), ("abc", "USD"), ("NaN", "USD"),
        ("Infinity", "USD"), ("-1.00", "USD"), ("1e30", "USD"), ("1e-30", "USD"), ("1,50", "EUR"), ("1.00", "usd"),
        ("99999999999", "USD"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_and_never_rounded(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        money(amount, currency)


def test_a_number_that_has_been_a_float_is_refused() -> None:
    with pytest.raises(TypeError):
        money(29.35, "USD")  # type: ignore[arg-type]


@given(st.integers(0, 1_000_000_000), st.sampled_from(["USD", "EUR", "JPY", "KWD", "BHD", "CLP"]))
def test_reading_what_was_written_gives_the_same_amount(minor: int, currency: str) -> None:
    amount = Money(amount_minor=minor, currency=currency)
    assert money(decimal_text(amount), currency) == amount


@pytest.mark.parametrize(
    ("total", "tax", "quantity", "currency", "minor"),
    [
        ("30.00", "0", 3, "USD", 1000), ("10.00", "0", 3, "USD", 333), ("20.00", "0", 3, "USD", 667),
        ("10.00", "1.90", 1, "EUR", 1190), ("1000", "100", 3, "JPY", 367), ("1.000", "0", 3, "KWD", 333),
    ],
)  # fmt: skip
def test_one_piece_of_a_line_is_rounded_once_at_the_end(
    total: str, tax: str, quantity: int, currency: str, minor: int
) -> None:
    assert unit_price(total, tax, quantity, currency).amount_minor == minor
