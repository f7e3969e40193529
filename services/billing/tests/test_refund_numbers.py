"""The gauges of refunds are what the books say, above all where money moved that nobody had approved."""

from datetime import UTC, datetime

import pytest

from billing.refunds.numbers import NUMBERS
from servicekit.telemetry import Metrics
from servicekit.telemetry.numbers import Numbers
from servicekit.testing.tool_client import ToolClient

from .shop import Paid, paid, refund

pytestmark = pytest.mark.service


@pytest.fixture(autouse=True)
def today(service: ToolClient) -> None:
    """The numbers are of the last days by the database's clock."""
    service.clock.advance((datetime.now(UTC) - service.clock.now()).total_seconds())


UNAPPROVED = "aiguy_refunds_without_approval"


async def read(service: ToolClient, name: str, **labels: str) -> float | None:
    metrics = Metrics()
    await Numbers(service.kit.db, metrics, NUMBERS).read()
    return metrics.registry.get_sample_value(name, labels)


async def moved(service: ToolClient, order: Paid, *steps: tuple[str, str]) -> None:
    """Takes the order's refund from state to state behind the service's back."""
    async with service.kit.db.transaction() as db:
        made, state = await db.fetchrow("SELECT id, state FROM refunds WHERE order_id = $1", str(order))
        for following, who in steps:
            await db.execute("SELECT refund_append($1, $2, $3, $4, now(), '{}')", made, state, following, who)
            state = following


async def test_no_refund_of_ours_is_without_approval_and_each_that_is_made_behind_our_back_is(
    service: ToolClient,
) -> None:
    small, large, larger = [await paid(service, 90_000) for _ in range(3)]
    assert (await refund(service, small, 4_000)).json()["state"] == "succeeded"
    assert (await refund(service, large, 20_000)).json()["state"] == "confirmed"
    assert (await refund(service, larger, 60_000)).json()["state"] == "confirmed"
    assert await read(service, UNAPPROVED) == 0
    await moved(service, large, ("submitted", "billing"))
    assert await read(service, UNAPPROVED) == 1
    # Staff had to agree to this one, and policy said that it did.
    await moved(service, larger, ("approved", "policy"), ("submitted", "billing"))
    assert await read(service, UNAPPROVED) == 2
    async with service.kit.db.primary() as db:
        await db.execute(
            "INSERT INTO ledger_refunds (refund_request_id, charge_id, amount_minor, currency)"
            " SELECT 'rfd_nobodys', id, 100, currency FROM charges WHERE order_id = $1",
            str(small),
        )
    assert await read(service, UNAPPROVED) == 3
    assert (await read(service, "aiguy_refunds_oldest_seconds") or 0) >= 0


async def test_refunds_are_shown_by_state_and_amount(service: ToolClient) -> None:
    labels = {"state": "succeeded", "amount": "under_5000"}
    before = await read(service, "aiguy_day_refunds", **labels)
    await refund(service, await paid(service, 9_000), 4_999)
    assert await read(service, "aiguy_day_refunds", **labels) == (before or 0) + 1
    assert await read(service, "aiguy_day_refunds", state="failed", amount="from_50000") == 0
