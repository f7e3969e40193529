"""The staff console on the real stack, in a browser: take over in mid-answer, hand back, approve; on a phone too."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from e2e.approving import confirmed
from e2e.browser import screenshot, violations
from e2e.machine import Machine
from e2e.people import stranger
from e2e.shop import paid_order
from e2e.visitor import Visitor
from onebox.keys import Person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
Enter = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def enter(machine: Machine, chromium: Browser) -> AsyncIterator[Enter]:
    """`await enter("Kim Weber", PHONE)`: that person has signed in. What the console's own rules forbid is an error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def signed_in(who: str = "Kim Weber", viewport: dict[str, int] = LAPTOP) -> Page:
        contexts.append(await chromium.new_context(viewport=viewport))
        contexts[-1].set_default_timeout(30_000)
        page = await contexts[-1].new_page()
        page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: complaints.append(str(one)))
        await page.goto(f"{machine.stack.url()}/console/sign-in?as={who.split()[0].lower()}")
        await looks_right(page, f"console-door-{viewport['width']}")
        await page.get_by_role("button", name=f"Sign in as {who}").click()
        await expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
        return page

    yield signed_in
    for context in contexts:
        await context.close()
    assert complaints == []


@pytest_asyncio.fixture(loop_scope="session")
async def visit(machine: Machine) -> AsyncIterator[Callable[[Person], Visitor]]:
    """`visit(stranger())`: a customer at the public API; the widget has tests of its own."""
    visitors: list[Visitor] = []

    def entered(person: Person) -> Visitor:
        visitors.append(machine.visitor(person))
        return visitors[-1]

    yield entered
    for visitor in visitors:
        await visitor.http.aclose()


async def looks_right(page: Page, name: str) -> None:
    """Nothing is cut off or beyond the edge, and the rules of WCAG AA that a program can judge hold."""
    await screenshot(page, name)
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert await violations(page) == []


async def open_conversation(page: Page, conversation_id: str) -> None:
    await page.goto(re.sub(r"/console/.*", f"/console/conversations/{conversation_id}", page.url))


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_a_lead_sees_who_waits_answers_and_hands_back(machine, visit, enter: Enter, viewport) -> None:
    width, visitor = viewport["width"], visit(stranger())
    turn = await visitor.say("I want to talk to a person")
    conversation_id = turn.conversation_id
    kim = await enter("Kim Weber", viewport)
    row = kim.locator(f"#row-{conversation_id}")
    await expect(row).to_contain_text("I want to talk to a person")
    await expect(row).to_contain_text("min left of 15")
    await looks_right(kim, f"console-inbox-{width}")
    await row.click()
    await expect(kim.get_by_role("heading", name="What the assistant did")).to_be_visible()
    await expect(kim.locator(".steps").last).to_contain_text("Message accepted")
    await kim.get_by_label("Answer the customer").fill("Hello, this is Kim. What can I do?")
    await kim.get_by_role("button", name="Send answer").click()
    # Names are masked, that of the staff too.
    await expect(kim.locator(".thread .staff")).to_contain_text("What can I do?")
    assert (await visitor.view(conversation_id))["messages"][-1]["text"] == "Hello, this is Kim. What can I do?"
    await expect(kim.get_by_role("status")).to_contain_text("Time to a person:")
    conversation = kim.url
    await kim.goto(re.sub(r"/console/.*", "/console/inbox?tab=staff", conversation))
    await expect(row).to_contain_text("first answer after")
    await looks_right(kim, f"console-inbox-staff-{width}")
    await kim.goto(conversation)
    await kim.get_by_text("Leave a note, hand back").click()
    await kim.get_by_label("Note for colleagues; the customer never sees it").fill("Has written twice")
    await kim.get_by_role("button", name="Keep note").click()
    await expect(kim.locator(".thread .inner")).to_contain_text("Has written twice")
    await visitor.send(conversation_id, "Thank you, that is all")
    # The page fetches what is new by itself.
    await expect(kim.locator(".thread .customer").last).to_contain_text("Thank you, that is all")
    await looks_right(kim, f"console-conversation-{width}")
    await kim.get_by_text("Leave a note, hand back").click()
    await kim.get_by_label("Hand back to the assistant").fill("Solved")
    await kim.get_by_role("button", name="Hand back").click()
    await expect(kim.get_by_role("status")).to_contain_text("The assistant answers.")
    answered = await visitor.say("How do I return an item?", conversation_id)
    assert answered.outcome == "answered"


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
async def test_taking_over_in_mid_answer_silences_the_assistant(machine, visit, enter: Enter, llm, viewport) -> None:
    visitor, kim = visit(stranger()), await enter("Kim Weber", viewport)
    llm.behave(first_token_ms=20_000)
    conversation_id = await visitor.begin()
    turn = await visitor.send(conversation_id, "How do I return an item?")
    await open_conversation(kim, conversation_id)
    await expect(kim.locator(".steps").last).to_contain_text("Message accepted")
    await looks_right(kim, f"console-takeover-{viewport['width']}")
    await kim.get_by_role("button", name="Take over").click()
    await expect(kim.get_by_role("status")).to_contain_text("A person answers")
    await visitor.follow(turn)
    assert (turn.outcome, turn.text) == ("with_staff", "")
    await expect(kim.locator(".steps").last).to_contain_text("A person took over")
    shown = await visitor.view(conversation_id)
    assert [one["role"] for one in shown["messages"]].count("assistant") == 1  # how the thread begins


@pytest.mark.parametrize(("viewport", "choice"), [(LAPTOP, "approve"), (PHONE, "deny")], ids=["laptop", "phone"])
async def test_a_card_is_decided_by_one_key_and_a_confirmation(
    machine: Machine, visit, enter: Enter, viewport, choice: str
) -> None:
    shop = await paid_order(machine, 90_000)
    visitor = visit(shop.person)
    turn = await confirmed(visitor, shop.order, 200)
    kim = await enter("Kim Weber", viewport)
    await kim.get_by_role("link", name="Approvals").click()
    card = kim.locator(f"#card-{turn.turn_id}")
    await expect(card).to_contain_text("200.00 USD")
    await expect(card).to_contain_text("clause R2")
    await looks_right(kim, f"console-approvals-{viewport['width']}")
    await card.focus()
    await kim.keyboard.press(choice[0])
    await expect(kim.get_by_role("heading", name=f"{choice.capitalize()} this?")).to_be_visible()
    assert await shop.given() == []
    await looks_right(kim, f"console-confirm-{viewport['width']}")
    await expect(kim.get_by_role("button", name=f"Yes, {choice}")).to_be_focused()
    await kim.keyboard.press("Enter")
    await expect(kim.get_by_role("heading", name="Approvals")).to_be_visible()
    await expect(card).to_have_count(0)
    await visitor.follow(turn, to_end=True)
    assert await shop.given() == ([20_000] if choice == "approve" else [])
    await kim.get_by_role("link", name="Audit").click()
    await expect(kim.locator("table")).to_contain_text(f"staff {choice}")
    await looks_right(kim, f"console-audit-{viewport['width']}")


async def test_keys_go_through_the_cards_and_do_nothing_while_one_types(machine: Machine, visit, enter: Enter) -> None:
    for _ in range(2):
        shop = await paid_order(machine, 90_000)
        await confirmed(visit(shop.person), shop.order, 200)
    kim = await enter()
    await kim.goto(re.sub(r"/inbox.*", "/approvals", kim.url))
    for key, place in (("j", 0), ("j", 1), ("k", 0)):
        await kim.keyboard.press(key)
        await expect(kim.locator(".approval").nth(place)).to_be_focused()
    await kim.keyboard.press("d")
    await kim.get_by_label("Notes, kept with your decision").fill("a d j k")
    await expect(kim.get_by_label("Notes, kept with your decision")).to_have_value("a d j k")
    await expect(kim.get_by_role("heading", name="Deny this?")).to_be_visible()
