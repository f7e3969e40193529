"""The tools page on the real stack, in a browser: the kill switch while customers chat, shadow mode, the phases."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from e2e.facts import connected, tickets_of
from e2e.machine import Machine
from e2e.people import ADA, stranger
from e2e.shop import paid_order

from .test_console import LAPTOP, PHONE, Enter, enter, looks_right, visit

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
FIXTURES = (enter, visit)
both = pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
WHERE = "Where is my order ABC123?"
_LAST = "SELECT DISTINCT ON (tool, channel) tool, channel, became FROM switch_changes ORDER BY tool, channel, id DESC"
_BACK = (
    "INSERT INTO switch_changes (tool, channel, was, became, reason, changed_by)"
    " VALUES ($1, $2, $3, $4, 'after a test', 'nobody')"
)


@pytest_asyncio.fixture(loop_scope="session")
async def at_tools(machine: Machine, enter: Enter) -> AsyncIterator[Enter]:
    """`await at_tools(PHONE)`: Kim has signed in and looks at the tools. At the end everything is on again."""

    async def looking(viewport: dict[str, int]) -> Page:
        page = await enter("Kim Weber", viewport)
        await page.get_by_role("link", name="Tools").click()
        await expect(page.get_by_role("heading", name="Tools", exact=True)).to_be_visible()
        return page

    yield looking
    await everything_on(machine)


async def everything_on(machine: Machine) -> None:
    """As a fresh installation has it, for the tests of others."""
    async with connected(machine.database("orchestrator")) as db:
        for row in await db.fetch(_LAST):
            first = "on" if row["tool"] or row["channel"] else "channels"
            if row["became"] != first:
                await db.execute(_BACK, row["tool"], row["channel"], row["became"], first)


async def confirm(page: Page, reason: str, button: str) -> None:
    """The step that confirms, by the keyboard alone."""
    await expect(page.get_by_label("Why, for your colleagues")).to_be_focused()
    await page.keyboard.type(reason)
    await expect(page.get_by_role("button", name=button)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Tools", exact=True)).to_be_visible()


async def calls(machine: Machine, tool: str) -> float:
    return (await machine.counters()).total("orders", "aiguy_tool_calls_total", tool=tool)


@both
async def test_the_kill_switch_stops_the_next_call_of_a_chat_that_is_open(
    machine, visit, at_tools: Enter, viewport
) -> None:
    width, ada = viewport["width"], visit(ADA)
    await machine.wipe_redis()  # or a look-up of a moment ago answers
    before = await ada.say(WHERE)
    assert (before.outcome, before.tools("succeeded")) == ("answered", {"get_order_status"})
    kim = await at_tools(viewport)
    await looks_right(kim, f"console-tools-{width}")
    await kim.get_by_role("link", name="Switch off … get_order_status", exact=True).click()
    await looks_right(kim, f"console-switch-{width}")
    await confirm(kim, "the shop answers with wrong orders", "Yes, switch off")
    await expect(kim.locator("#tool-get_order_status")).to_contain_text("off")
    await expect(kim.locator(".changes")).to_contain_text("the shop answers with wrong orders")
    await kim.locator("#tool-get_order_status").scroll_into_view_if_needed()
    await looks_right(kim, f"console-tools-off-{width}")
    made = await calls(machine, "get_order_status")
    turn = await ada.say("And where is my order 1234?", before.conversation_id)
    assert turn.outcome == "handed_over"
    assert "I cannot do that here at the moment" in turn.text
    assert turn.named("tool") == []
    assert await calls(machine, "get_order_status") == made
    (ticket,) = await tickets_of(machine.database("tickets"), turn.conversation_id)
    assert ticket["handoff"] == "policy"
    # The assistant still helps with everything else.
    assert (await ada.say("How do I return an item?", turn.conversation_id)).outcome == "answered"
    await kim.get_by_role("link", name="Switch on … get_order_status", exact=True).click()
    await confirm(kim, "it is mended", "Yes, switch on")
    again = await ada.say("Where is my order 1234?", turn.conversation_id)
    assert again.tools("started") == {"get_order_status"}


async def test_a_yes_that_was_given_before_the_switch_moves_no_money(machine, visit, at_tools: Enter) -> None:
    shop = await paid_order(machine)
    visitor = visit(shop.person)
    turn = await visitor.say(f"Refund order {shop.order} for $50")
    kim = await at_tools(LAPTOP)
    await kim.get_by_role("link", name="Switch off … issue_refund", exact=True).click()
    await confirm(kim, "billing is not itself", "Yes, switch off")
    assert (await visitor.decide(turn, True)).status_code == 202
    await visitor.follow(turn, to_end=True)
    assert turn.outcome == "handed_over"
    assert "Nothing was changed" in turn.text
    assert await shop.refunds() == []


@both
async def test_in_shadow_mode_a_draft_goes_to_staff_who_send_it_by_one_key(
    machine, visit, at_tools: Enter, viewport
) -> None:
    width, visitor, kim = viewport["width"], visit(stranger()), await at_tools(viewport)
    await kim.get_by_role("link", name="Shadow … web").click()
    await confirm(kim, "we want to read along first", "Yes, shadow mode")
    await expect(kim.locator(".row").first).to_contain_text("shadow: drafts go to staff")
    turn = await visitor.say("How do I return an item?")
    assert turn.outcome == "handed_over"
    assert "return" not in turn.streamed.lower()
    assert "According to" not in "".join(visitor.received)
    assert len(await tickets_of(machine.database("tickets"), turn.conversation_id)) == 1
    await kim.goto(re.sub(r"/console/.*", f"/console/conversations/{turn.conversation_id}", kim.url))
    await expect(kim.get_by_label("The assistant's draft")).to_have_value(re.compile("According to"))
    await looks_right(kim, f"console-draft-{width}")
    await kim.locator("body").click(position={"x": 2, "y": 2})
    await kim.keyboard.press("s")
    await expect(kim.locator(".thread .staff")).to_contain_text("According to")
    await expect(kim.locator("#send-draft")).to_have_count(0)
    shown = (await visitor.view(turn.conversation_id))["messages"][-1]
    assert shown["role"] == "staff"
    assert "According to" in shown["text"]


@both
async def test_the_roll_out_moves_back_and_on_through_gates(machine, visit, at_tools: Enter, viewport) -> None:
    width, kim = viewport["width"], await at_tools(viewport)
    await kim.locator("#phase-faq").click()
    await confirm(kim, "we begin again", "Yes, move to faq")
    await expect(kim.locator(".phases [aria-current]")).to_contain_text("faq")
    await looks_right(kim, f"console-phases-{width}")
    turn = await visit(ADA).say(WHERE)
    assert (turn.outcome, turn.named("tool")) == ("handed_over", [])
    await kim.locator("#phase-orders").click()
    await expect(kim.locator(".gate")).to_contain_text("wanted at least 200")
    await looks_right(kim, f"console-gate-{width}")
    await kim.get_by_label("Why, for your colleagues").fill("a test moves on")
    await kim.get_by_label("Move on although the gate is not met").check()
    await kim.get_by_role("button", name="Yes, move to orders").click()
    await expect(kim.locator(".phases [aria-current]")).to_contain_text("orders")
    await expect(kim.locator(".changes")).to_contain_text("although not met: orders: turns")
    assert (await visit(ADA).say(WHERE)).outcome == "answered"
