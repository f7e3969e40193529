"""The chain of refund events: verified from outside, and whoever changed a row behind our back is found out."""

import asyncio

import pytest

from billing.refunds.verify import REFUNDS
from servicekit.chain import Report, verify_ledger
from servicekit.chain.command import verify_at
from servicekit.testing.issuer import CONVERSATION
from servicekit.testing.tool_client import ToolClient

from .shop import KIM, approve, close, paid, refund, waiting

pytestmark = pytest.mark.service


async def verified(service: ToolClient) -> Report:
    """The report of all chains."""
    async with service.kit.db.primary() as connection:
        return await verify_ledger(connection, REFUNDS)


async def some_refunds(service: ToolClient) -> str:
    """Refunds of each kind; the id of one."""
    made = (await refund(service, await paid(service, 9_000), 100)).json()
    await approve(service, await waiting(service))
    await close(service, await waiting(service))
    refund_id: str = made["refund_request_id"]
    return refund_id


async def test_the_chain_of_a_conversation_holds_all_its_refunds(service: ToolClient) -> None:
    before = await verified(service)
    await some_refunds(service)
    after = await verified(service)
    assert after.ok
    assert after.entries - before.entries == 5 + 5 + 3
    assert set(after.heads) == {CONVERSATION}


async def test_refunds_of_one_conversation_at_the_same_moment_make_one_chain(service: ToolClient) -> None:
    orders = [await paid(service, 9_000) for _ in range(20)]
    await asyncio.gather(*(refund(service, order, 100) for order in orders))
    assert (await verified(service)).ok


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE refund_events SET who = 'staff_mallory' WHERE who = $1", "changed"),
        ("UPDATE refund_events SET details = replace(convert_from(details, 'UTF8'), '200', '900')::bytea"
         " WHERE who = $1 OR kind = 'requested'", "changed"),
        ("UPDATE refund_events SET at_ms = at_ms + 1 WHERE who = $1", "changed"),
        ("DELETE FROM refund_events WHERE who = $1", "missing"),
        ("DELETE FROM refund_events WHERE who <> $1 AND seq = (SELECT max(seq) FROM refund_events)", "cut off"),
    ],
)  # fmt: skip
async def test_a_row_changed_behind_the_triggers_is_named(service: ToolClient, change: str, why: str) -> None:
    """By somebody who owns the database and switches the triggers off."""
    await some_refunds(service)
    async with service.kit.db.primary() as connection:
        outer = connection.transaction(isolation="repeatable_read")
        await outer.start()
        try:
            await connection.execute("ALTER TABLE refund_events DISABLE TRIGGER USER")
            await connection.execute(change, KIM)
            report = await verify_ledger(connection, REFUNDS)
        finally:
            await outer.rollback()
    assert why in {found.why for found in report.breaks}
    assert (await verified(service)).ok


async def test_the_command_reads_it_from_the_databases_address(service: ToolClient) -> None:
    await some_refunds(service)
    report = await verify_at(service.kit.settings.database_url, REFUNDS)
    assert report.ok
    assert report.entries >= 13
