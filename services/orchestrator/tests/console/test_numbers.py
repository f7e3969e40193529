"""Numbers at the console: how each conversation is counted, the audit of a sample, and who sees what."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from contracts.ids import new_id
from contracts.refund_rules import CurrencySums
from orchestrator.figures.counts import Counts
from orchestrator.figures.fates import count_fates
from orchestrator.figures.keeper import FiguresKeeper
from servicekit.clock import SystemClock

from .conftest import ADMIN, token

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
SITE = "orchestrator"
_CONVERSATION = (
    "INSERT INTO conversations (id, issuer, subject_hash, identity, customer, channel, key_id, data_key, created_at)"
    " VALUES ($1, $2, $3, '', $4, 'web', 'k', 'x', $5)"
)
_TURN = (
    "INSERT INTO turns (id, conversation_id, ordinal, status, outcome, cost_micros, created_at, ended_at)"
    " VALUES ($1, $2, $3, $4, $5, 1000, $6, $7)"
)

_TABLES = (
    "resolved_samples", "figure_counts", "feedback", "staff_messages", "staff_steps", "turns", "conversations",
)  # fmt: skip


class Books:
    """Billing's sums; None: it does not answer."""

    def __init__(self) -> None:
        self.told: tuple[CurrencySums, ...] | None = ()

    async def sums(self, since: datetime, until: datetime) -> tuple[CurrencySums, ...] | None:
        return self.told


@pytest_asyncio.fixture(loop_scope="module")
async def books(api: Any) -> AsyncIterator[Books]:
    """No conversations yet, and a billing service that has given nothing back."""
    for table in _TABLES:
        await api.db.execute(f"DELETE FROM {table}")
    before, found = api.app.state.replay, Books()
    api.app.state.replay = replace(before, books=found)
    yield found
    api.app.state.replay = before


async def held(api: Any, *turns: tuple[str | None, timedelta], person: str = "", site: str = SITE) -> str:
    """A conversation whose turns ended so, so long ago; None: it has not ended."""
    conversation_id, now = new_id("cnv"), datetime.now(UTC)
    began = now - max(ago for _, ago in turns)
    await api.db.execute(_CONVERSATION, conversation_id, site, person or conversation_id, bool(person), began)
    for ordinal, (outcome, ago) in enumerate(turns, 1):
        ended = None if outcome is None else now - ago
        status = "running" if outcome is None else "ended"
        await api.db.execute(_TURN, new_id("trn"), conversation_id, ordinal, status, outcome, now - ago, ended)
    return conversation_id


async def counts(api: Any, days: int = 30, site: str = SITE) -> Counts:
    now = datetime.now(UTC)
    return await count_fates(api.db, site, now - timedelta(days=days), now, now)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("turns", "fate"),
    [
        ([("clarify", 5 * DAY), ("answered", 5 * DAY)], "resolved"),
        ([("answered", DAY / 2)], "open"),
        ([("answered", 5 * DAY), (None, 4 * DAY)], "open"),
        ([("answered", 9 * DAY), ("answered", 5 * DAY)], "reopened"),
        ([("answered", 20 * DAY), ("answered", 5 * DAY)], "resolved"),
        ([("answered", 5 * DAY), ("clarify", 5 * DAY)], "abandoned"),
        ([("expired", 3 * DAY)], "abandoned"),
        ([("refused", 3 * DAY)], "unanswered"),
        ([("tool_failed", 3 * DAY)], "unanswered"),
        ([("handed_over", 3 * DAY), ("answered", 3 * DAY)], "escalated"),
        ([("handed_over", DAY / 4)], "escalated"),
    ],
)
async def test_each_conversation_has_one_end(api, books, turns, fate: str) -> None:
    await held(api, *turns)
    found = await counts(api)
    assert {name for name, number in found.fates.items() if number} == {fate}
    assert (found.begun, found.cost) == (1, 1000 * len(turns))


async def test_a_customer_who_comes_back_within_a_week_reopens_what_looked_resolved(api, books) -> None:
    await held(api, ("answered", 12 * DAY), person="ada")
    await held(api, ("answered", 8 * DAY), person="ada")
    await held(api, ("answered", 25 * DAY), person="ben")
    await held(api, ("answered", 3 * DAY), person="ben")
    # Guests are nobody known: each visit is one of its own.
    await held(api, ("answered", 12 * DAY))
    found = (await counts(api)).fates
    assert (found["reopened"], found["resolved"]) == (1, 4)


async def test_a_person_who_steps_in_escalates_and_the_time_until_then_is_counted(api, books) -> None:
    now = datetime.now(UTC)
    asked, alone = await held(api, ("handed_over", 3 * DAY)), await held(api, ("answered", 3 * DAY))
    await held(api, ("handed_over", 2 * DAY))
    said = "INSERT INTO staff_messages (conversation_id, client_message_id, body_hash, said_by, said_at)"
    await api.db.execute(f"{said} VALUES ($1, 'm', '', 'kim', $2)", asked, now - 3 * DAY + timedelta(seconds=90))
    took = "INSERT INTO staff_steps (conversation_id, step, done_by, done_at)"
    await api.db.execute(f"{took} VALUES ($1, 'takeover', 'kim', $2)", alone, now - 3 * DAY)
    found = await counts(api)
    assert found.fates["escalated"] == 3
    assert found.waits == pytest.approx([90], abs=1)
    assert found.waiting == 1


async def test_what_began_before_or_elsewhere_is_not_counted(api, books) -> None:
    await held(api, ("answered", 40 * DAY))
    await held(api, ("answered", 4 * DAY), site="other-shop")
    assert (await counts(api)).begun == 0
    assert (await counts(api, 90)).begun == 1
    assert (await counts(api, site="other-shop")).begun == 1


async def _keep(api: Any) -> None:
    await FiguresKeeper(api.app.state.desk.database, SystemClock()).sweep()


async def test_the_page_tells_what_the_sweep_counted_with_intervals(api, enter, books) -> None:
    kim = await enter("viewer")
    assert "Nothing was counted yet." in await kim.page("/numbers")
    for _ in range(6):
        await held(api, ("answered", 4 * DAY))
    last = await held(api, ("handed_over", 4 * DAY))
    turn_id = await api.db.fetchval("SELECT id FROM turns WHERE conversation_id = $1", last)
    await api.db.execute("INSERT INTO feedback (conversation_id, turn_id, csat) VALUES ($1, $2, 4)", last, turn_id)
    await _keep(api)
    books.told = (
        CurrencySums(
            currency="USD", given_back=3, amount=125_000, by_staff=1, amount_by_staff=100_000, open=2, refused=1
        ),
    )
    page = await kim.page("/numbers?days=7")
    assert "6 of 7 settled conversations" in page
    assert "85.7 %" in page
    assert "48.7 % to 97.4 %" in page
    assert "Not claimed" in page
    assert "1,250.00 USD" in page
    assert "1,000.00 USD in 1" in page
    assert "$0.0010" in page
    assert "1 customers who gave a score" in page
    assert "0 still wait" not in page
    books.told = None
    assert "The billing service does not answer" in await kim.page("/numbers?days=90")
    assert (await kim.get("/numbers?days=8")).status_code == 404


async def test_whoever_wants_it_now_has_it_counted_but_not_over_and_over(api, enter, books) -> None:
    kim = await enter("viewer")
    await held(api, ("answered", 4 * DAY))
    await kim.page("/inbox")
    assert (await kim.post("/numbers/count")).status_code == 303
    at = await api.db.fetchval("SELECT max(counted_at) FROM figure_counts")
    assert "1 of 1 settled conversations" in await kim.page("/numbers")
    await kim.post("/numbers/count")
    assert await api.db.fetchval("SELECT max(counted_at) FROM figure_counts") == at


async def test_deflection_is_claimed_once_staff_have_audited_enough(api, enter, books) -> None:
    for _ in range(35):
        await held(api, ("answered", 4 * DAY))
    await held(api, ("handed_over", 4 * DAY))
    kim, audited = await enter("agent"), 0
    while audited < 30:
        await _keep(api)
        drawn = await api.db.fetch("SELECT conversation_id FROM resolved_samples WHERE solved IS NULL")
        assert 0 < len(drawn) <= 20
        for row in drawn[: 30 - audited]:
            page = await kim.page("/numbers/sample")
            assert "/console/conversations/cnv_" in page
            fields = {
                "conversation_id": row["conversation_id"],
                "verdict": "unsolved" if audited % 3 == 0 else "solved",
            }
            assert (await kim.post("/numbers/sample", **fields)).status_code == 303
            assert (await kim.post("/numbers/sample", **fields)).status_code == 404  # once
            audited += 1
    await _keep(api)
    page = await kim.page("/numbers")
    assert "Not claimed" not in page
    assert "of 30 audited 20 were solved" in page
    assert await api.db.fetchval("SELECT count(*) FROM audit WHERE tool = 'console_audit_sample'") >= 30


async def test_a_thumb_down_on_the_last_answer_is_no_resolution(api, books) -> None:
    await held(api, ("answered", 5 * DAY))
    for thumbs, turns in ((-1, (("answered", 4 * DAY),)), (-1, (("answered", 4 * DAY), ("answered", 4 * DAY)))):
        conversation_id = await held(api, *turns)
        first = "SELECT id FROM turns WHERE conversation_id = $1 AND ordinal = 1"
        turn_id = await api.db.fetchval(first, conversation_id)
        told = "INSERT INTO feedback (conversation_id, turn_id, thumbs) VALUES ($1, $2, $3)"
        await api.db.execute(told, conversation_id, turn_id, thumbs)
    found = (await counts(api)).fates
    assert (found["resolved"], found["unanswered"]) == (2, 1)


async def test_what_was_audited_and_then_reopened_is_no_longer_of_the_sample(api, books) -> None:
    for person in ("ada", "ben"):
        await held(api, ("answered", 4 * DAY), person=person)
    await _keep(api)
    await api.db.execute("UPDATE resolved_samples SET solved = true")
    assert (await counts(api)).solved == 2
    await held(api, ("answered", 2 * DAY), person="ada")
    found = await counts(api)
    assert (found.fates["reopened"], found.fates["resolved"], found.solved, found.unsolved) == (1, 2, 1, 0)


async def test_only_what_was_drawn_at_ones_own_shop_is_audited(api, enter, browser, books) -> None:
    conversation_id = await held(api, ("answered", 4 * DAY))
    fields = {"conversation_id": conversation_id, "verdict": "solved"}
    kim, stranger = await enter("agent"), browser()
    assert (await kim.post("/numbers/sample", **fields)).status_code == 404
    await _keep(api)
    await stranger.sign_in(token(api, "staff_eve", ADMIN, api.other_shop))
    assert "No conversation waits" in await stranger.page("/numbers/sample")
    await stranger.page("/inbox")
    assert (await stranger.post("/numbers/sample", **fields)).status_code == 404
    assert (await kim.post("/numbers/sample", **fields | {"verdict": "perhaps"})).status_code == 422
    assert await api.db.fetchval("SELECT solved FROM resolved_samples") is None
