"""People write, confirm and approve in Slack, before the whole stack: each answer and each refund comes once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from e2e.machine import Machine
from e2e.people import Person
from e2e.shop import paid_order
from e2e.slack import STAFF, Workspace, direct, home, someone, talking_in_slack
from onebox.keys import KIM
from onebox.ports import ORCHESTRATOR
from onebox.stack import SERVICES
from orchestrator.channels.slack.writing import GOES_ON
from servicekit.auth.claims import Role
from servicekit.testing import eventually
from servicekit.testing.slack import event_body

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
ASKED = "How long do I have to return a product?"


@pytest_asyncio.fixture(loop_scope="session")
async def workspace(running_machine: Machine) -> AsyncIterator[Workspace]:
    async with talking_in_slack(running_machine) as found:
        yield found


async def test_a_customer_asks_for_money_confirms_and_a_colleague_approves_all_in_slack(workspace: Workspace) -> None:
    shop = await paid_order(workspace.machine)
    user, kim = someone(), someone()
    await workspace.link(user, shop.person)
    await workspace.link(kim, KIM)
    await workspace.say(direct(user, f"Refund order {shop.order} for $200"))
    card = await workspace.asked(home(user), "200.00")
    await workspace.press(kim, home(user), card, "aiguy_confirm")
    assert await shop.refunds() == [], "staff cannot confirm for a customer"
    await asyncio.gather(*(workspace.press(user, home(user), card, "aiguy_confirm") for _ in range(3)))
    waiting = await workspace.asked(STAFF, "200.00")
    assert shop.person.name not in str(waiting)
    await workspace.press(user, STAFF, waiting, "aiguy_approve")
    assert await shop.given() == [], "who asked for it cannot approve it"
    await asyncio.gather(*(workspace.press(kim, STAFF, waiting, "aiguy_approve") for _ in range(3)))
    await eventually(lambda: "Receipt" in str(workspace.slack.in_thread(home(user), None)), 60)
    await workspace.settled()
    assert await shop.given() == [20_000]
    assert "Approved by" in workspace.slack.messages[waiting["ts"]]["text"]
    assert "actions" not in str(workspace.slack.messages[waiting["ts"]]["blocks"])


async def test_the_requester_never_approves_also_when_they_are_staff(workspace: Workspace) -> None:
    shop = await paid_order(workspace.machine, person=Person(KIM.subject, Role.CUSTOMER, KIM.name, KIM.email))
    user = someone()
    await workspace.link(user, shop.person)
    await workspace.say(direct(user, f"Refund order {shop.order} for $200"))
    card = await workspace.asked(home(user), "200.00")
    await workspace.press(user, home(user), card, "aiguy_confirm")
    waiting = await workspace.asked(STAFF, "200.00")
    await workspace.link(user, KIM)
    await workspace.press(user, STAFF, waiting, "aiguy_approve")
    await workspace.settled()
    assert await shop.given() == []
    await eventually(lambda: "cannot approve" in str(workspace.slack.whispers), 20)


async def test_every_message_that_was_taken_is_answered_once_also_when_the_process_dies(workspace: Workspace) -> None:
    users = [someone() for _ in range(6)]
    bodies = [event_body(direct(one, ASKED), event_id=f"Ev{one}") for one in users]
    assert set(await asyncio.gather(*map(workspace.deliver, bodies))) == {200}
    await workspace.machine.kill(ORCHESTRATOR)
    await workspace.machine.ready(ORCHESTRATOR)
    assert set(await asyncio.gather(*map(workspace.deliver, bodies))) == {200}, "delivered once more"
    await eventually(lambda: any(workspace.slack.in_thread(home(one), None) for one in users), 60)
    await workspace.machine.kill(ORCHESTRATOR)
    await workspace.machine.ready(*SERVICES)

    def whole(user: str) -> bool:
        told = workspace.slack.in_thread(home(user), None)
        return bool(told) and GOES_ON not in told[-1]["text"]

    await eventually(lambda: all(map(whole, users)), 90)
    await workspace.settled()
    assert Counter(len(workspace.slack.in_thread(home(one), None)) for one in users) == {1: len(users)}


async def test_a_customer_connects_from_the_chat_and_a_guest_is_not_offered_to(
    workspace: Workspace, chromium: Browser
) -> None:
    user, context = someone(), await chromium.new_context(viewport={"width": 900, "height": 900})
    page = await context.new_page()
    await page.goto(workspace.machine.stack.url())
    await page.get_by_role("button", name="Connect Slack").click()
    code = await page.locator("aiguy-chat .slack code").inner_text()
    await workspace.say(direct(user, code))
    await workspace.say(direct(user, "Where is my order ABC123?"))
    await eventually(lambda: "on its way" in str(workspace.slack.in_thread(home(user), None)), 60)
    await page.get_by_role("radio", name="Guest", exact=True).check()
    await expect(page.get_by_role("note")).to_be_visible()
    await expect(page.get_by_role("button", name="Connect Slack")).to_have_count(0)
    await context.close()
