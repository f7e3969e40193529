"""A person at a browser: the page, the chat in it, and what the page's scripts did that they must not do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from .site import Site


@dataclass(frozen=True, slots=True)
class Window:
    """One tab, and the chat that is in its page."""

    page: Page

    @property
    def chat(self) -> Locator:
        """The chat's element."""
        return self.page.locator("aiguy-chat")

    async def open(self, url: str) -> None:
        """Go to a page, and open the chat in its corner where there is one."""
        await self.page.goto(url)
        launcher = self.chat.get_by_role("button", name="Open the chat")
        if await launcher.count() and await launcher.is_visible():
            await launcher.click()
        await expect(self.box).to_be_visible()

    @property
    def box(self) -> Locator:
        """Where one writes."""
        return self.chat.get_by_role("textbox", name="Write a message")

    @property
    def answers(self) -> Locator:
        """The answers, oldest first."""
        return self.chat.locator("li.answer")

    async def write(self, text: str) -> None:
        """Send a message."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def say(self, text: str) -> Locator:
        """Send a message; its answer, once it is there as a whole. While one is being made nothing can be sent."""
        await self.rest()
        before = await self.answers.count()
        await self.write(text)
        answer = self.answers.nth(before)
        await expect(answer).to_be_visible(timeout=30_000)
        await self.rest()
        return answer

    async def rest(self) -> None:
        """Returns when no answer is being made."""
        await expect(self.chat.get_by_role("button", name="Stop", exact=True)).to_be_hidden(timeout=60_000)


async def sign_in(context: BrowserContext, site: Site, login: str) -> None:
    """Give the browser the cookies of somebody who has signed in."""
    cookies: list[Any] = [
        {"name": name, "value": value, "url": site.url} for name, value in (await site.cookies(login)).items()
    ]
    await context.add_cookies(cookies)


@asynccontextmanager
async def window(browser: Browser, site: Site, login: str = "", **more: Any) -> AsyncIterator[Window]:
    """A browser of its own, of a guest or of somebody who is signed in; `more` goes to the browser's context."""
    context = await browser.new_context(**more)
    try:
        if login:
            await sign_in(context, site, login)
        yield Window(await context.new_page())
    finally:
        await context.close()
