"""Stripe passes what all providers pass."""

from dataclasses import dataclass

import pytest

from billing.providers.port import RefundProvider
from contracts.money import Money

from ..provider_suite import ProviderSuite
from .conftest import Account


@dataclass
class Bench:
    """The account as the suite sees it."""

    provider: RefundProvider
    account: Account

    async def charge(self, amount: Money) -> str:
        """A new captured charge."""
        return self.account.stripe.charge(amount.amount_minor, amount.currency.lower())

    async def refunded(self, charge: str) -> list[int]:
        """What was really given back."""
        return self.account.stripe.refunded(charge)


@pytest.fixture
def bench(account: Account) -> Bench:
    """A new account."""
    return Bench(account.provider, account)


class TestStripe(ProviderSuite):
    """The shared promises, over HTTP."""
