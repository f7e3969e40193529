"""The demonstration page on the real stack: one person after the other at the same screen, and the staff's desk."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from e2e.browser import screenshot, violations
from e2e.machine import Machine

from .widget import Widget

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def page(machine: Machine, chromium: Browser) -> AsyncIterator[Page]:
    """The page, as somebody sees it who comes for the first time. Whatever its own rules forbid is an error."""
    context = await chromium.new_context(viewport={"width": 900, "height": 900})
    context.set_default_timeout(30_000)
    found = await context.new_page()
    complaints: list[str] = []
    found.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    found.on("pageerror", lambda one: complaints.append(str(one)))
    await found.goto(machine.stack.url())
    yield found
    await context.close()
    assert complaints == []


async def _become(page: Page, who: str) -> None:
    await page.get_by_role("radio", name=who, exact=True).check()


async def test_whoever_one_is_the_chat_is_theirs_alone_and_comes_back(page: Page) -> None:
    widget = Widget(page)
    await expect(widget.box).to_be_visible()
    assert await violations(page) == []
    await screenshot(page, "demo-page")
    answer = await widget.ask("Where is my order ABC123?")
    assert "C123" in answer
    await _become(page, "Guest")
    await expect(widget.box).to_be_visible()
    await expect(widget.questions).to_have_count(0)
    await widget.ask("How do I return an item?")
    await page.reload()
    await expect(widget.questions).to_have_text(["How do I return an item?"])
    await _become(page, "Ada")
    await expect(widget.questions).to_have_text(["Where is my order ABC123?"])


async def test_staff_have_their_desk_instead_of_a_chat(page: Page) -> None:
    await _become(page, "Kim, staff")
    await expect(page.get_by_role("heading", name="Waiting for approval")).to_be_visible()
    await expect(page.locator("aiguy-chat")).to_be_hidden()
    assert await violations(page) == []
    await screenshot(page, "demo-desk")
    await _become(page, "Ben")
    await expect(Widget(page).box).to_be_visible()
