"""What waits in the outbox and what was given up can be seen."""

import pytest

from servicekit.db.pool import Database
from servicekit.telemetry import Metrics
from servicekit.telemetry.numbers import Numbers
from tickets.outbox.numbers import NUMBERS

pytestmark = pytest.mark.service

PUT = (
    "INSERT INTO outbox (id, kind, recipient, subject, body, requester, state, next_try_at, created_at, sealed)"
    " VALUES ($1, $2, '', '', '', 'nobody', $3, now(), now() - interval '90 seconds', true)"
)


async def test_messages_are_counted_by_way_and_state_and_the_oldest_is_known(database: Database) -> None:
    async with database.primary() as db:
        await db.execute("DELETE FROM outbox")
        for place, (kind, state) in enumerate([("email", "waiting"), ("email", "failed"), ("slack", "sent")]):
            await db.execute(PUT, f"msg_{place}", kind, state)
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    await Numbers(database, metrics, NUMBERS).read()
    assert value("aiguy_outbox_messages", {"kind": "email", "state": "waiting"}) == 1
    assert value("aiguy_outbox_messages", {"kind": "email", "state": "failed"}) == 1
    assert value("aiguy_outbox_messages", {"kind": "slack", "state": "waiting"}) == 0
    assert value("aiguy_outbox_messages", {"kind": "slack", "state": "sent"}) is None
    assert 90 <= (value("aiguy_outbox_oldest_seconds", {"kind": "email"}) or 0) < 3600
    assert value("aiguy_outbox_oldest_seconds", {"kind": "slack"}) == 0
