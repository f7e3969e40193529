"""Money in minor units. No float ever holds an amount."""

from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.base import ContractModel

CURRENCY = r"^[A-Z]{3}$"
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]
AmountMinor = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]

#: ISO 4217 currencies whose minor unit is not a hundredth; all others have two digits.
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip


def decimal_digits(currency: str) -> int:
    """How many digits the currency's minor unit has behind the point; two for a currency that nobody knows."""
    return _EXPONENTS.get(currency, 2)


class Money(ContractModel):
    """An amount in the currency's minor unit: `Money(amount_minor=5000, currency="USD")` is 50 dollars."""

    amount_minor: AmountMinor
    currency: Currency

    def __str__(self) -> str:
        """As written in a sentence: `50.00 USD`, `5000 JPY`."""
        exponent = decimal_digits(self.currency)
        if exponent == 0:
            return f"{self.amount_minor} {self.currency}"
        whole, rest = divmod(self.amount_minor, 10**exponent)
        return f"{whole}.{rest:0{exponent}d} {self.currency}"
