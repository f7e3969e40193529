"""The tools at the console and in the API: looking, switching with a reason, phases and their gates."""

import re

import pytest
import pytest_asyncio

from orchestrator.journal.entries import load_entries
from orchestrator.turn.journal import Recorded

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
_FRESH = (
    "ALTER TABLE switch_changes DISABLE TRIGGER USER; DELETE FROM switch_changes;"
    " ALTER TABLE switch_changes ENABLE TRIGGER USER"
)
OFF = {"seen": "on", "wanted": "off", "reason": "the provider double-books"}


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def fresh(api) -> None:
    """Nothing is switched."""
    await api.db.execute(_FRESH)
    api.app.state.switches.board.known = None
    await api.app.state.switches.board.refresh()


async def put(api, path: str, **body: object):
    return await api.http.put(f"/api/agent/tools/{path}", json=body, headers=api.staff())


async def tools(api) -> dict:
    answer = await api.http.get("/api/agent/tools", headers=api.staff())
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()
    return found


async def test_a_switch_is_thrown_with_a_reason_and_stands_in_list_history_and_audit(api, enter) -> None:
    kim = await enter()
    page = await kim.page("/tools/switch?tool=issue_refund&wanted=off")
    assert "From now on it is not called" in page
    answer = await kim.post("/tools/switch", tool="issue_refund", channel="", **OFF)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/tools")
    listed = await kim.page("/tools")
    assert "the provider double-books" in listed
    assert "does not run, switched off" in listed
    (tool,) = (one for one in (await tools(api))["tools"] if one["name"] == "issue_refund")
    assert (tool["position"], {one["why_not"] for one in tool["channels"]}) == ("off", {"tool_off"})
    assert api.app.state.switches.board.known.version > 0
    row = await api.db.fetchrow("SELECT tool, subject FROM audit WHERE tool LIKE 'switch%' ORDER BY at DESC LIMIT 1")
    assert tuple(row) == ("switch_off", "staff_kim")


@pytest.mark.parametrize("role", ["viewer", "agent", "approver"])
async def test_who_is_no_admin_may_look_and_switch_nothing(api, enter, role: str) -> None:
    somebody = await enter(role)
    page = await somebody.page("/tools")
    assert "issue_refund" in page
    assert "/console/tools/switch" not in page
    assert (await somebody.post("/tools/switch", tool="issue_refund", **OFF)).status_code == 403
    assert (await somebody.post("/tools/phase", seen="channels", wanted="faq", reason="why")).status_code == 403
    assert await api.db.fetchval("SELECT count(*) FROM switch_changes") == 0


async def test_a_form_from_elsewhere_switches_nothing(api, enter) -> None:
    kim = await enter()
    kim.csrf = "0" * 64
    assert (await kim.post("/tools/switch", tool="issue_refund", **OFF)).status_code == 403
    assert await api.db.fetchval("SELECT count(*) FROM switch_changes") == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"tool": "handoff_human"}, "always be reached"),
        ({"tool": "isue_refund"}, "no tool of that name"),
        ({"channel": "fax"}, "no such channel"),
        ({"tool": "issue_refund", "wanted": "shadow"}, "whole channel"),
    ],
)
async def test_what_has_no_switch_is_refused_in_words(api, body: dict, words: str) -> None:
    answer = await put(api, "switches", **(OFF | body))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert words in answer.json()["detail"]


async def test_a_switch_of_nothing_is_refused(api) -> None:
    assert (await put(api, "switches", **OFF)).status_code == 422


async def test_an_alias_is_the_tool_and_a_switch_that_a_colleague_turned_is_no_surprise(api) -> None:
    assert (await put(api, "switches", tool="read_kb", **OFF)).is_success
    assert (await tools(api))["changes"][0]["target"] == "search_kb"
    assert (await put(api, "switches", channel="email", **OFF)).json() == {"stands": "off", "changed": True}
    assert (await put(api, "switches", channel="email", **OFF)).json() == {"stands": "off", "changed": False}
    late = await put(api, "switches", channel="email", seen="on", wanted="shadow", reason="careful")
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert "it is off" in late.json()["detail"]


async def test_a_gate_that_is_not_met_is_shown_and_passed_by_an_override_that_is_written_down(api, enter) -> None:
    kim = await enter()
    assert (await kim.post("/tools/phase", seen="channels", wanted="faq", reason="a careful start")).status_code == 303
    page = await kim.page("/tools/phase/orders")
    assert re.search(r"not met</span> turns: \d+, wanted at least 200", page)
    refused = await kim.post("/tools/phase", seen="faq", wanted="orders", reason="go on")
    assert refused.status_code == 409
    assert "The gate is not met" in refused.text
    moved = await kim.post("/tools/phase", seen="faq", wanted="orders", reason="go on", override="yes")
    assert moved.status_code == 303
    found = await tools(api)
    assert (found["phase"], found["changes"][0]["unmet"]) == ("orders", ["orders: turns", "orders: rated answers"])
    whys = {one["name"]: one["channels"][0]["why_not"] for one in found["tools"]}
    assert whys["handoff_human"] is None
    assert {one["channel"]: one["mode"] for one in found["channels"]} == {"web": "on", "slack": "off", "email": "off"}


async def test_messages_in_a_channel_begin_their_turns_as_it_is_switched(api) -> None:
    board = api.app.state.switches.board
    for wanted, seen in (("shadow", "on"), ("off", "shadow"), ("on", "off")):
        assert (await put(api, "switches", channel="web", seen=seen, wanted=wanted, reason="for a test")).is_success
        async with api.app.state.desk.database.primary() as db:
            assert await board.mode(db, "web") == wanted
        accepted = (await api.say(await api.begin(), "Hello", "one")).json()
        assert (await recorded(api, accepted["turn_id"]))[0].turn_input.mode == wanted


async def recorded(api, turn_id: str) -> list[Recorded]:
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
        return await load_entries(db, conversation.sealer, turn_id, desk.codec)
