"""Replay at the console: a turn is proven, forked with edited policies, and days are counted a few turns at a time."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from contracts.refund_rules import Judged, RefundRules, RulesEdit
from orchestrator.console.spans import advance_span, find_span
from orchestrator.privacy.erasing import erase_conversations

from .conftest import ADMIN, token
from .recording import Shop, recorded

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
RULES = RefundRules(
    version="1", digest="d" * 64, text="tiers: []", tiers=(10_000, 50_000), always=False, window_days=60,
    customer_cap=20_000, shop_cap=500_000,
)  # fmt: skip


@dataclass
class Billing:
    """Billing's books: what it is asked, and says of refunds; None: it does not answer."""

    rules_now: RefundRules | None = RULES
    needs: Mapping[str, int] = field(default_factory=dict)
    wrong: str = ""
    asked: list[tuple[RulesEdit, tuple[str, ...]]] = field(default_factory=list)

    async def rules(self) -> RefundRules | None:
        return self.rules_now

    async def judged(self, edit: RulesEdit, refunds: Sequence[str]) -> Judged | None:
        self.asked.append((edit, tuple(refunds)))
        return None if self.rules_now is None else Judged(approvals=dict(self.needs), wrong=self.wrong)


@pytest_asyncio.fixture(loop_scope="module")
async def billing(api: Any) -> AsyncIterator[Billing]:
    before, found = api.app.state.replay, Billing()
    api.app.state.replay = replace(before, books=found)
    yield found
    api.app.state.replay = before


async def test_a_turn_is_proven_and_shown_without_personal_data(api, enter, billing) -> None:
    turn_id = await recorded(api, Shop(), "I am ada@example.com, can I return it?")
    page = await (await enter("viewer")).page(f"/replay/turns/{turn_id}")
    assert "It decides as it did." in page
    assert "the customer wrote: I am <email>" in page
    assert "its mark fits" in page
    assert "ada@example.com" not in page
    audited = await api.db.fetchval("SELECT count(*) FROM audit WHERE tool = 'console_replay'")
    assert audited >= 1


async def test_the_conversation_leads_to_the_replay_of_its_turns(api, enter, billing) -> None:
    turn_id = await recorded(api, Shop())
    conversation_id = await api.db.fetchval("SELECT conversation_id FROM turns WHERE id = $1", turn_id)
    assert f"/console/replay/turns/{turn_id}" in await (await enter("viewer")).page(f"/conversations/{conversation_id}")


async def test_whoever_may_reveal_sees_the_replay_revealed(api, enter, billing) -> None:
    turn_id = await recorded(api, Shop(), "I am ada@example.com, can I return it?")
    conversation_id = await api.db.fetchval("SELECT conversation_id FROM turns WHERE id = $1", turn_id)
    kim = await enter("agent")
    await kim.post(f"/conversations/{conversation_id}/reveal")
    assert "ada@example.com" in await kim.page(f"/replay/turns/{turn_id}")


async def test_a_turn_that_was_changed_behind_our_back_is_different(api, enter, billing) -> None:
    turn_id = await recorded(api, Shop())
    await api.db.execute("UPDATE turns SET outcome = 'refused' WHERE id = $1", turn_id)
    page = await (await enter("viewer")).page(f"/replay/turns/{turn_id}")
    assert "It decides otherwise." in page
    assert "its record says outcome refused; replayed, it is answered" in page


async def test_a_higher_threshold_is_shown_beside_what_was_with_the_first_difference(api, enter, billing) -> None:
    turn_id, kim = await recorded(api, Shop()), await enter("viewer")
    same = await kim.page(f"/replay/turns/{turn_id}?low=0.4&private=&tier_1=")
    assert "It would have gone the same way." in same
    assert "first difference" not in same
    page = await kim.page(f"/replay/turns/{turn_id}?low=0.9")
    assert "It would have gone otherwise." in page
    assert "answered \u2192 refused" in page
    assert page.count("first difference") == 1
    assert page.count('id="difference"') == 1


async def test_another_refund_policy_is_judged_by_billing(api, enter, billing) -> None:
    turn_id, kim = await recorded(api, Shop("rfd_40")), await enter("viewer")
    billing.needs = {"rfd_40": 1}
    page = await kim.page(f"/replay/turns/{turn_id}?tier_1=2000&always=no")
    assert "answered \u2192 wait approval with 1 of staff to approve, 50.00 USD" in page
    assert "nothing was recorded for that, and nothing is guessed" in page
    assert billing.asked == [(RulesEdit(tiers=(2_000, 50_000), always=False), ("rfd_40",))]


async def test_a_tool_that_is_off_gets_a_turns_question_to_a_person(api, enter, billing) -> None:
    turn_id, kim = await recorded(api, Shop("rfd_60")), await enter("viewer")
    page = await kim.page(f"/replay/turns/{turn_id}?tool_off=issue_refund")
    assert "answered \u2192 handed over, 50.00 USD. Then it would hand over: policy; nothing was recorded" in page
    assert '<option value="issue_refund" selected>issue refund</option>' in page
    assert "handoff_human" not in page
    assert "It would have gone the same way." in await kim.page(f"/replay/turns/{turn_id}?tool_off=search_kb")


async def test_the_offline_brain_is_asked_instead_and_told_what_it_was_asked(api, enter, billing) -> None:
    text = "Refund 50 USD of order ABC1234, I am ada@example.com"
    turn_id, kim = await recorded(api, Shop("rfd_61"), text), await enter("viewer")
    page = await kim.page(f"/replay/turns/{turn_id}?brain=offline")
    assert "answered \u2192 unknown, 50.00 USD" in page
    assert "A write that ran nowhere: issue_refund {" in page
    assert "its customer must confirm it" in page
    assert "ada@example.com" not in page
    page = await kim.page(f"/replay/turns/{await recorded(api, Shop(), 'Hello!')}?brain=offline")
    assert "answered \u2192 answered" in page
    assert "Other words." in page


@pytest.mark.parametrize("cap", ["0.000001", "1000"])
async def test_other_caps_are_counted_with_what_was_spent(api, enter, billing, cap: str) -> None:
    turn_id, kim = await recorded(api, Shop()), await enter("viewer")
    other = await recorded(api, Shop())
    for one, before in ((other, "1 hour"), (turn_id, "0 hours")):
        await api.db.execute(
            f"UPDATE turns SET cost_micros = 500000, created_at = now() - interval '{before}',"
            f" ended_at = now() - interval '{before}' WHERE id = $1", one,
        )  # fmt: skip
    page = await kim.page(f"/replay/turns/{turn_id}?shop_day={cap}")
    assert ("It would have gone otherwise." in page) == (cap != "1000")


async def test_without_billing_a_turn_is_still_proven_and_its_refunds_are_not_forked(api, enter, billing) -> None:
    turn_id, kim = await recorded(api, Shop("rfd_41")), await enter("viewer")
    billing.rules_now = None
    page = await kim.page(f"/replay/turns/{turn_id}?low=0.9")
    assert "It decides as it did." in page
    assert "The billing service does not answer" in page
    assert (await kim.get(f"/replay/turns/{turn_id}?tier_1=1")).status_code == 503


@pytest.mark.parametrize("query", ["low=2", "low=x", "tier_1=-1", "other=1", "always=maybe", "shop_day=0", "low=nan",
                                   "brain=gpt", "tool_off=get_weather", "tool_off=handoff_human"])  # fmt: skip
async def test_what_no_policy_can_have_is_said_by_name(api, enter, billing, query: str) -> None:
    turn_id = await recorded(api, Shop())
    answer = await (await enter("viewer")).get(f"/replay/turns/{turn_id}?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text


async def test_tiers_that_do_not_rise_are_said_in_words(api, enter, billing) -> None:
    turn_id = await recorded(api, Shop("rfd_42"))
    billing.wrong = "No policy has these limits."
    answer = await (await enter("viewer")).get(f"/replay/turns/{turn_id}?tier_1=60000")
    assert (answer.status_code, "No policy has these limits." in answer.text) == (422, True)


async def test_a_turn_of_nobody_of_another_shop_or_of_somebody_erased_is_not_replayed(
    api, browser, enter, billing
) -> None:
    turn_id, kim, stranger = await recorded(api, Shop(), subject="cust_gone"), await enter(), browser()
    await stranger.sign_in(token(api, "staff_eve", ADMIN, api.other_shop))
    assert (await stranger.get(f"/replay/turns/{turn_id}")).status_code == 404
    assert (await kim.get("/replay/turns/trn_" + "0" * 32)).status_code == 404
    desk = api.app.state.desk
    async with desk.database.transaction() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
        await erase_conversations(db, [conversation.id])
    page = await kim.page(f"/replay/turns/{turn_id}")
    assert "Not replayed." in page
    assert "its person was erased" in page


async def _begun(kim: Any, **fields: str) -> str:
    today = datetime.now(UTC).date()
    days = {"since": (today - timedelta(days=2)).isoformat(), "until": today.isoformat()}
    answer = await kim.post("/replay/spans", **days | fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).removeprefix("/console")


async def _counted(kim: Any, place: str) -> str:
    for _ in range(50):
        page = await kim.page(f"{place}/progress")
        if "hx-get" not in page:
            return str(page)
    raise AssertionError("the span does not end")


@pytest_asyncio.fixture(loop_scope="module")
async def alone(api: Any) -> None:
    """All turns of before are of long ago."""
    await api.db.execute("UPDATE turns SET created_at = now() - interval '20 days'")


async def test_days_are_counted_in_turns_and_in_money_a_few_at_a_time(api, enter, billing, alone) -> None:
    turns = [await recorded(api, Shop(f"rfd_{number}")) for number in range(23)]
    billing.needs = {"rfd_3": 1, "rfd_17": 2}
    kim = await enter("viewer")
    api.app.state.replay = replace(api.app.state.replay, work_s=0.0001)
    place = await _begun(kim, tier_1="1000")
    first = await kim.page(f"{place}/progress")
    assert "10 turns so far" in first
    page = await _counted(kim, place)
    assert "All 23 turns that can be read decide as they did." in page
    assert "2 of 23 turns" in page
    assert "answered \u2192 wait approval" in page
    assert "2 turns need more, 0 fewer" in page
    assert "100.00 USD" in page
    for number, turn_id in enumerate(turns):
        assert (f"/replay/turns/{turn_id}?tier_1=1000" in page) == (number in (3, 17))
    # Who comes later sees what was counted.
    assert "2 of 23 turns" in await (await enter("admin", "staff_lee")).page(place)
    assert place in await kim.page("/replay")


async def test_days_without_a_tool_are_counted_in_turns_and_in_money(api, enter, billing, alone) -> None:
    turns = [await recorded(api, Shop("rfd_70")), await recorded(api, Shop("rfd_71")), await recorded(api, Shop())]
    await recorded(api, Shop(), subject="cust_leaves")
    desk = api.app.state.desk
    async with desk.database.transaction() as db:
        gone = "SELECT id FROM conversations ORDER BY created_at DESC LIMIT 1"
        await erase_conversations(db, [await db.fetchval(gone)])
    kim = await enter("viewer")
    page = await _counted(kim, await _begun(kim, tool_off="issue_refund"))
    assert "2 of 3 turns" in page
    assert "answered \u2192 handed over" in page
    assert "100.00 USD" in page
    assert f"/replay/turns/{turns[0]}?tool_off=issue_refund" in page
    assert f"/replay/turns/{turns[2]}?" not in page


async def test_a_turn_that_differs_is_named(api, enter, billing, alone) -> None:
    turn_id = await recorded(api, Shop())
    await recorded(api, Shop())
    await api.db.execute("UPDATE turns SET cost_micros = 7 WHERE id = $1", turn_id)
    kim = await enter("viewer")
    page = await _counted(kim, await _begun(kim))
    assert "1 of 2 turns decide otherwise than they did." in page
    assert f"/console/replay/turns/{turn_id}" in page
    assert "With the other rules" not in page


async def test_days_wait_for_billing_and_go_on(api, enter, billing, alone) -> None:
    await recorded(api, Shop("rfd_50"))
    kim = await enter("viewer")
    place = await _begun(kim, customer_cap="1")
    billing.rules_now = None
    page = await kim.page(f"{place}/progress")
    assert "The billing service does not answer" in page
    assert "delay:5s" in page
    billing.rules_now = RULES
    assert "All 1 turns" in await _counted(kim, place)


async def test_of_two_who_count_at_once_one_counts(api, enter, billing, alone) -> None:
    for _ in range(13):
        await recorded(api, Shop())
    kim = await enter("viewer")
    place = await _begun(kim)
    replay, span_id = replace(api.app.state.replay, work_s=0.0001), place.rsplit("/", 1)[1]
    async with replay.database.primary() as db:
        before = await find_span(db, "orchestrator", span_id)
    first = await advance_span(replay, "orchestrator", before)
    last = await advance_span(replay, "orchestrator", first)
    assert (first.counts.turns, last.counts.turns, last.done) == (10, 13, True)
    # Who is late sets nothing back, and is told how far it is by now.
    assert (await advance_span(replay, "orchestrator", before)).counts.turns == 13
    assert "All 13 turns" in await kim.page(place)


@pytest.mark.parametrize(
    "fields",
    [
        {"since": "2026-01-02", "until": "2026-01-01"}, {"since": "2026-01-01", "until": "2026-05-01"},
        {"since": "yesterday"}, {"low": "7"}, {"other": "1"},
    ],
)  # fmt: skip
async def test_days_that_are_none_or_too_many_are_refused(enter, billing, fields: dict[str, str]) -> None:
    kim = await enter("viewer")
    answer = await kim.post("/replay/spans", **{"since": "2026-01-01", "until": "2026-01-01"} | fields)
    assert answer.status_code == 422


async def test_days_of_another_shop_are_not_there(api, browser, enter, billing) -> None:
    place, stranger = await _begun(await enter()), browser()
    await stranger.sign_in(token(api, "staff_eve", ADMIN, api.other_shop))
    assert (await stranger.get(place)).status_code == 404
    assert (await stranger.get(f"{place}/progress")).status_code == 404
    assert place not in await stranger.page("/replay")
