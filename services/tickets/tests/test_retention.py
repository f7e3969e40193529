"""Each table of tickets has a rule that says what ends its rows; copies of conversations do not outlive them."""

from datetime import datetime, timedelta

import pytest

from servicekit.db.pool import Database
from servicekit.retention import Retention
from servicekit.telemetry import Metrics
from servicekit.testing import FakeClock
from servicekit.testing.retention import misfits
from tickets.retention import retention
from tickets.settings import Settings

pytestmark = pytest.mark.service


async def test_every_table_has_a_rule_that_fits_it(database: Database, settings: Settings) -> None:
    assert await misfits(database, retention(settings)) == []


async def hand_off(database: Database, name: str, at: datetime) -> None:
    async with database.primary() as db:
        await db.execute(
            "INSERT INTO tickets (id, number, requester, guest, subject, body, category, priority, queue,"
            " first_reply_due, created_at, sealed)"
            " VALUES ($1, $1, 'ada', false, 's', 'b', 'other', 'normal', 'q', $2, $2, true)", name, at,
        )  # fmt: skip
        await db.execute(
            "INSERT INTO handoffs (id, ticket_id, requester, conversation_id, reason, summary, transcript, queue,"
            " reply_due, created_at, sealed)"
            " VALUES ($1, $1, 'ada', 'cnv_' || $1, 'x', 's', 'words', 'q', $2, $2, true)",
            name, at,
        )  # fmt: skip


async def message(database: Database, name: str, state: str, ended_at: datetime | None) -> None:
    async with database.primary() as db:
        await db.execute(
            "INSERT INTO outbox (id, kind, recipient, subject, body, requester, state, next_try_at, created_at,"
            " ended_at, sealed) VALUES ($1, 'email', '', '', '', 'ada', $2, now(), now(), $3, true)",
            name, state, ended_at,
        )  # fmt: skip


async def test_transcripts_and_delivered_messages_go_when_their_time_is_over(
    database: Database, settings: Settings, clock: FakeClock
) -> None:
    now = clock.now()
    await hand_off(database, "hnd_old", now - timedelta(days=366))
    await hand_off(database, "hnd_new", now - timedelta(days=364))
    await message(database, "msg_sent", "sent", now - timedelta(days=91))
    await message(database, "msg_lately", "failed", now - timedelta(days=89))
    await message(database, "msg_waiting", "waiting", None)

    await Retention(database, clock, Metrics(), retention(settings)).sweep()

    async with database.primary() as db:
        handoffs = dict(await db.fetch("SELECT id, transcript FROM handoffs WHERE id LIKE 'hnd_%'"))
        left = {row[0] for row in await db.fetch("SELECT id FROM outbox WHERE id LIKE 'msg_%'")}
    assert handoffs == {"hnd_old": b"", "hnd_new": b"words"}, "the row stays: hand-overs of a conversation are counted"
    assert left == {"msg_lately", "msg_waiting"}


def test_messages_are_known_for_as_long_as_the_key_of_the_call_that_asked_for_them(settings: Settings) -> None:
    for days in (30, 365):
        rules = {
            one.table: getattr(one, "days", None)
            for one in retention(settings.model_copy(update={"idempotency_retention_days": days}))
        }
        assert rules["outbox"] >= rules["idempotency"] == days
