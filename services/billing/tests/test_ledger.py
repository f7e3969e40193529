"""Our own ledger keeps what every provider of refunds promises."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from billing.providers.ledger import LedgerProvider
from billing.providers.port import ProviderError
from contracts.money import Money
from servicekit.db.pool import Database

from .provider_suite import ProviderBench, ProviderSuite, order_of, usd

pytestmark = pytest.mark.service


@dataclass(frozen=True, slots=True)
class LedgerBench:
    """The ledger, and its tables from behind."""

    provider: LedgerProvider
    db: Database

    async def charge(self, amount: Money) -> str:
        """A row."""
        charge = f"ch_{secrets.token_hex(6)}"
        async with self.db.primary() as connection:
            await connection.execute(
                "INSERT INTO charges (id, order_id, customer_id, amount_minor, currency, method, captured_at)"
                " VALUES ($1, 'ABC123', 'cust_ada', $2, $3, 'Visa', now())",
                charge, amount.amount_minor, amount.currency,
            )  # fmt: skip
        return charge

    async def refunded(self, charge: str) -> list[int]:
        """The rows."""
        async with self.db.primary() as connection:
            rows = await connection.fetch(
                "SELECT amount_minor FROM ledger_refunds WHERE charge_id = $1 ORDER BY id", charge
            )
        return [row["amount_minor"] for row in rows]


@pytest.fixture
async def bench(database_url: Callable[[str], str]):
    db = await Database.connect(database_url("billing"))
    yield LedgerBench(LedgerProvider(db), db)
    await db.close()


class TestLedger(ProviderSuite):
    """All of it."""


async def test_many_orders_at_once_never_give_back_more_than_was_captured(bench: ProviderBench) -> None:
    charge = await bench.charge(usd(1_000))
    orders = [bench.provider.refund(order_of(charge, 300)) for _ in range(8)]
    answers = await asyncio.gather(*orders, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, ProviderError)]
    assert [error.kind for error in refused] == ["refused"] * 5
    assert await bench.refunded(charge) == [300, 300, 300]


async def test_what_was_given_back_before_counts(bench: LedgerBench) -> None:
    charge = await bench.charge(usd(1_000))
    async with bench.db.primary() as connection:
        await connection.execute("UPDATE charges SET refunded_before_minor = 400 WHERE id = $1", charge)
    with pytest.raises(ProviderError, match="exceeds_charge"):
        await bench.provider.refund(order_of(charge, 601))
    assert (await bench.provider.refund(order_of(charge, 600))).amount == usd(600)


async def test_without_the_database_nobody_knows() -> None:
    db = await Database.connect("postgresql://aiguy:x@127.0.0.1:9/nothing")
    with pytest.raises(ProviderError) as failure:
        await LedgerProvider(db).refund(order_of("ch_1", 100))
    await db.close()
    assert failure.value.kind == "unknown"
