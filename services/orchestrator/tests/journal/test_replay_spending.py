"""What had been spent when a turn began: by its session, its customer, the shop that day and that month."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from orchestrator.limits.policy import CapName
from orchestrator.limits.usage import Spent
from orchestrator.replay.recording import Recording, Row
from orchestrator.replay.spending import Spending
from servicekit.testing.databases import TestDatabases

pytestmark = pytest.mark.service
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_CONVERSATION = (
    "INSERT INTO conversations (id, issuer, subject_hash, identity, customer, channel, key_id)"
    " VALUES ($1, 'i', $2, '', true, 'web', 'k')"
)
_TURN = (
    "INSERT INTO turns (id, conversation_id, ordinal, status, tokens_in, tokens_out, cost_micros, created_at, ended_at)"
    " VALUES ($1, $2, $3, 'ended', $4::integer, 1, $4::integer, $5, $5)"
)


async def spent_at_noon(url: str) -> dict[CapName, Spent]:
    db = await asyncpg.connect(url)
    try:
        for conversation, customer in (("cnv_1", "ada"), ("cnv_2", "ada"), ("cnv_3", "ben")):
            await db.execute(_CONVERSATION, conversation, customer)
        turns = (
            ("cnv_1", 1, timedelta(hours=1)), ("cnv_1", 10, timedelta(days=2)), ("cnv_2", 100, timedelta(hours=2)),
            ("cnv_3", 1_000, timedelta(hours=3)), ("cnv_3", 10_000, timedelta(hours=-1)),
        )  # fmt: skip
        for number, (conversation, tokens, ago) in enumerate(turns, 1):
            await db.execute(_TURN, f"trn_{number}", conversation, number, tokens, NOON - ago)
        for day, tokens in ((1, 7), (19, 11), (20, 5_000)):
            await db.execute(
                "INSERT INTO usage_days (day, subject_hash, model, tokens_in, cost_micros)"
                " VALUES ($1, '', 'm', $2, $2)",
                NOON.replace(day=day).date(), tokens,
            )  # fmt: skip
        recording = Recording("trn_9", "cnv_1", NOON, "ended", Row(1, None, "", 0, 0, 0))
        return await Spending(db).at(recording)
    finally:
        await db.close()


def test_only_what_had_ended_by_then_counts(postgres_server: TestDatabases) -> None:
    assert asyncio.run(spent_at_noon(postgres_server.create("orchestrator"))) == {
        "session": Spent(1 + 10 + 2, 11), "customer_day": Spent(1 + 100 + 2, 101),
        "shop_day": Spent(1 + 100 + 1_000 + 3, 1_101), "shop_month": Spent(1 + 100 + 1_000 + 3 + 18, 1_101 + 18),
    }  # fmt: skip
