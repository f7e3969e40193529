"""Looking back at the console, on the real stack in a browser: replays beside what other rules would have done."""

import re
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from e2e.approving import confirmed
from e2e.facts import turn_ended
from e2e.people import stranger
from e2e.shop import paid_order
from onebox.ports import ORCHESTRATOR

from .test_console import LAPTOP, PHONE, enter, looks_right, open_conversation, visit

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
FIXTURES = (enter, visit)


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_a_refund_is_replayed_and_forked_with_another_threshold(machine, visit, enter, viewport) -> None:
    shop = await paid_order(machine, 90_000)
    turn = await confirmed(visit(shop.person), shop.order, 50)
    await turn_ended(machine.database(ORCHESTRATOR), turn.turn_id)
    kim, width = await enter("Kim Weber", viewport), viewport["width"]
    await open_conversation(kim, turn.conversation_id)
    await kim.get_by_role("link", name="Replay this turn").click()
    await expect(kim.get_by_role("status")).to_contain_text("It decides as it did.")
    await looks_right(kim, f"console-replay-{width}")
    await kim.get_by_text("Try other rules").click()
    await expect(kim.get_by_label("First tier, up to")).to_have_attribute("placeholder", "10000")
    await kim.get_by_label("First tier, up to").fill("2000")
    await looks_right(kim, f"console-replay-rules-{width}")
    await kim.get_by_role("button", name="Try these rules").click()
    await expect(kim.locator("#fork")).to_contain_text("answered → wait approval with 1 of staff to approve, 50.00 USD")
    await expect(kim.locator("#difference")).to_contain_text("first difference")
    await expect(kim.locator("#difference")).to_contain_text('"approvals_needed": 1')
    await looks_right(kim, f"console-replay-diff-{width}")
    assert await shop.given() == [5_000]


async def test_days_are_replayed_while_one_watches(machine, visit, enter) -> None:
    shop = await paid_order(machine, 90_000)
    turn = await confirmed(visit(shop.person), shop.order, 50)
    await turn_ended(machine.database(ORCHESTRATOR), turn.turn_id)
    for viewport in (LAPTOP, PHONE):
        kim, width, today = await enter("Kim Weber", viewport), viewport["width"], datetime.now(UTC).date().isoformat()
        await kim.goto(re.sub(r"/inbox.*", "/replay", kim.url))
        await kim.get_by_label("From").fill(today)
        await kim.get_by_text("With other rules").click()
        await kim.get_by_label("First tier, up to").fill("2000")
        await looks_right(kim, f"console-replay-days-{width}")
        await kim.get_by_role("button", name="Replay these days").click()
        await expect(kim.get_by_role("status")).to_contain_text("decide as they did", timeout=60_000)
        await expect(kim.locator("#span")).to_contain_text("Money that would need staff and did not")
        await looks_right(kim, f"console-replay-counted-{width}")


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_a_tool_less_and_the_offline_brain_are_tried_on_a_turn_and_on_days(
    machine, visit, enter, viewport
) -> None:
    shop = await paid_order(machine, 90_000)
    turn = await confirmed(visit(shop.person), shop.order, 50)
    await turn_ended(machine.database(ORCHESTRATOR), turn.turn_id)
    kim, width, today = await enter("Kim Weber", viewport), viewport["width"], datetime.now(UTC).date().isoformat()
    await kim.goto(re.sub(r"/inbox.*", f"/replay/turns/{turn.turn_id}", kim.url))
    await kim.get_by_text("Try other rules").click()
    await kim.get_by_label("A tool that is switched off").select_option("issue refund")
    await looks_right(kim, f"console-replay-tool-rules-{width}")
    await kim.get_by_role("button", name="Try these rules").click()
    await expect(kim.locator("#fork")).to_contain_text("answered → handed over, 50.00 USD")
    await looks_right(kim, f"console-replay-tool-{width}")
    await kim.get_by_text("Try other rules").click()
    await kim.get_by_label("A tool that is switched off").select_option("none")
    await kim.get_by_label("Who answers").select_option("the offline Brain")
    await kim.get_by_role("button", name="Try these rules").click()
    # It was the offline Brain that had answered: it says the same again.
    await expect(kim.locator("#fork")).to_contain_text("It would have gone the same way.")
    await looks_right(kim, f"console-replay-brain-{width}")
    await kim.get_by_role("link", name="Replay", exact=True).first.click()
    await kim.get_by_label("From").fill(today)
    await kim.get_by_text("With other rules").click()
    await kim.get_by_label("A tool that is switched off").select_option("issue refund")
    await kim.get_by_role("button", name="Replay these days").click()
    await expect(kim.get_by_role("status")).to_contain_text("decide as they did", timeout=60_000)
    await expect(kim.locator("#span")).to_contain_text("Money that was asked for and would not be")
    await looks_right(kim, f"console-replay-tool-days-{width}")
    assert await shop.given() == [5_000]


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_numbers_policies_and_knowledge_are_there_and_fit(machine, visit, enter, viewport) -> None:
    kim, width = await enter("Kim Weber", viewport), viewport["width"]
    await visit(stranger()).say("How long does a delivery take?")
    await kim.get_by_role("link", name="Numbers").click()
    await kim.get_by_role("button", name="Count now").click()
    await expect(kim.get_by_role("heading", name="How conversations ended")).to_be_visible()
    await expect(kim.locator("main")).to_contain_text("Not claimed")
    await looks_right(kim, f"console-numbers-{width}")
    await kim.get_by_role("link", name="Policy").click()
    await expect(kim.locator("main")).to_contain_text("First tier, up to")
    await looks_right(kim, f"console-policy-{width}")
    await kim.get_by_role("link", name="Knowledge").click()
    await expect(kim.locator("main")).to_contain_text("The index is ready")
    await expect(kim.locator("#gaps")).not_to_contain_text("Looking")
    await looks_right(kim, f"console-knowledge-{width}")
    await kim.get_by_role("link", name="Policy").click()
    await kim.get_by_role("link", name="escalation").click()
    await expect(kim.locator("pre")).to_contain_text("retrieval_strength")
    await looks_right(kim, f"console-policy-text-{width}")
