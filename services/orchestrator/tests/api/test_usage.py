"""What the models cost, for staff alone; and that a message begins its turn at the level that is left."""

from datetime import UTC, datetime

import pytest

from orchestrator.journal.entries import load_entries
from orchestrator.turn.budgets import Budgets
from orchestrator.turn.inputs import TurnStarted
from servicekit.auth.claims import Role

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
_USED = (
    "INSERT INTO usage_days (day, subject_hash, model, turns, tokens_in, tokens_out, cost_micros)"
    " VALUES ($1, $2, $3, 1, $4, 0, $5)"
)


async def _used(api, subject: str, tokens: int, cost_micros: int, model: str = "small") -> None:
    hashed = api.app.state.desk.conversations.subject_hash("orchestrator", subject) if subject else ""
    await api.db.execute(_USED, datetime.now(UTC).date(), hashed, model, tokens, cost_micros)


async def _budgets(api, subject: str, channel: str = "web") -> tuple[Budgets, TurnStarted]:
    begun = await api.post("/api/agent/conversations", {"channel": channel}, subject=subject)
    body = {"conversation_id": begun.json()["conversation_id"], "text": "Hello", "client_turn_id": "one"}
    turn_id = (await api.post("/api/agent/messages", body, subject=subject)).json()["turn_id"]
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
        started = (await load_entries(db, conversation.sealer, turn_id, desk.codec))[0].turn_input
    assert isinstance(started, TurnStarted)
    return started.budgets, started


async def test_the_level_of_a_turn_is_journalled_with_the_message_that_began_it(api) -> None:
    await _used(api, "cust_thrifty", 10, 1)
    await _used(api, "cust_dear", 10, 2_000_000)
    thrifty, _ = await _budgets(api, "cust_thrifty")
    dear, _ = await _budgets(api, "cust_dear")
    assert (thrifty.level, thrifty.level_reason) == ("strong", "")
    assert (dear.level, dear.level_reason) == ("small", "customer_day")
    assert thrifty.cost_micros == 250_000


@pytest.mark.parametrize(("channel", "says"), [("web", False), ("slack", True), ("email", True)])
async def test_where_only_answers_are_shown_the_first_one_is_to_say_who_gives_it(api, channel: str, says: bool) -> None:
    _, started = await _budgets(api, f"cust_{channel}", channel)
    assert ("AI assistant" in started.disclosure) is says


async def test_staff_see_what_was_used_and_what_it_will_come_to(api) -> None:
    await api.db.execute("TRUNCATE usage_days")
    await _used(api, "", 1_000, 3_000_000)
    await _used(api, "", 500, 0, "unpriced-model")
    answer = await api.http.get("/api/agent/usage", headers=api.staff())
    found = answer.json()
    assert answer.status_code == 200
    assert [(one["model"], one["cost_usd"], one["priced"]) for one in found["today"]] == [
        ("small", 3.0, True), ("unpriced-model", 0.0, False),
    ]  # fmt: skip
    assert found["month"] == found["today"]
    assert found["level"] == "strong"
    assert [(one["cap"], one["usd"], one["used"]) for one in found["caps"]] == [
        ("shop_day", 50.0, 0.06), ("shop_month", 1000.0, 0.003),
    ]  # fmt: skip
    assert found["forecast"]["month_usd"] >= 3.0


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.GUEST, Role.SERVICE])
async def test_nobody_but_staff_sees_it_whatever_scopes_they_have(api, role: Role) -> None:
    told = {"subject": "cust_ada", "role": role, "conversation_id": None, "turn_id": None, "ttl_s": 300}
    headers = api.issuer.bearer("orchestrator", ("chat:send", "console:read"), **told)
    assert (await api.http.get("/api/agent/usage", headers=headers)).status_code == 403
    assert (await api.get("/api/agent/usage")).status_code == 403
