"""Money at a real browser: the customer agrees in the chat, a colleague approves in wp-admin, the chat goes on."""

import pytest
from playwright.async_api import Browser, Locator, expect

from e2e.machine import Machine
from e2e.shop import Paid, paid_order
from onebox.keys import Person
from servicekit.auth.claims import Role

from .browsing import Window, window
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
QUEUE = "/wp-admin/admin.php?page=aiguy-approvals"


async def bought(site: Site, machine: Machine, login: str) -> Paid:
    """A new order that one of the site's people has paid."""
    return await paid_order(machine, person=Person(f"wp_{await site.user_id(login)}", Role.CUSTOMER))


async def wants_back(person: Window, number: str, dollars: int) -> Locator:
    """They ask for money and agree to the card; the answer that waits for staff."""
    answer = await person.say(f"Refund order {number} for ${dollars}")
    card = answer.get_by_role("region", name="Please confirm")
    await expect(card).to_contain_text(f"{dollars}.00")
    await card.get_by_role("button", name="Yes, go ahead").click()
    await expect(card).to_contain_text("You agreed.", timeout=30_000)
    return answer


def waiting(desk: Window, number: str) -> Locator:
    """The card of this order in the queue of wp-admin."""
    return desk.page.get_by_role("group").filter(has_text=number)


async def test_a_refund_is_agreed_in_the_chat_and_approved_by_a_colleague_in_wp_admin(
    wordpress: Site, running_machine: Machine, chromium: Browser
) -> None:
    paid = await bought(wordpress, running_machine, "ada")
    async with window(chromium, wordpress, "ada") as ada, window(chromium, wordpress, "kim") as kim:
        await ada.open(wordpress.url)
        answer = await wants_back(ada, paid.order, 200)
        await expect(answer.get_by_role("region", name="A colleague looks at it")).to_be_visible(timeout=30_000)
        assert await paid.given() == []
        await kim.page.goto(wordpress.url + QUEUE)
        card = waiting(kim, paid.order)
        await expect(card).to_contain_text("200.00")
        await card.get_by_role("button", name="Approve").click()
        await expect(card).to_contain_text("You approved this.", timeout=30_000)
        # Nobody touches the chat: it looks by itself.
        await expect(answer.get_by_role("link", name="Receipt", exact=True)).to_be_visible(timeout=60_000)
    assert await paid.given() == [20_000]


async def test_who_asked_for_the_money_cannot_approve_it_though_they_are_staff(
    wordpress: Site, running_machine: Machine, chromium: Browser
) -> None:
    paid = await bought(wordpress, running_machine, "kim")
    async with window(chromium, wordpress, "kim") as kim:
        await kim.open(wordpress.url)
        answer = await wants_back(kim, paid.order, 200)
        await expect(answer.get_by_role("region", name="A colleague looks at it")).to_be_visible(timeout=30_000)
        await kim.page.goto(wordpress.url + QUEUE)
        card = waiting(kim, paid.order)
        await card.get_by_role("button", name="Approve").click()
        await expect(card).to_contain_text("You asked for this yourself", timeout=30_000)
    assert await paid.given() == []
