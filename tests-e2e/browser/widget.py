"""The widget as a person uses it: what they see, and what they do."""

from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect


@dataclass(frozen=True, slots=True)
class Widget:
    """The chat on a page."""

    page: Page

    async def another_tab(self) -> "Widget":
        """The same page once more, in the same browser."""
        page = await self.page.context.new_page()
        await page.goto(self.page.url)
        return Widget(page)

    @property
    def box(self) -> Locator:
        """Where one writes."""
        return self.page.locator("aiguy-chat .composer textarea")

    @property
    def answers(self) -> Locator:
        """The texts of answers that are shown."""
        return self.page.locator("aiguy-chat .answer .text:visible")

    @property
    def questions(self) -> Locator:
        """What the person has written."""
        return self.page.locator("aiguy-chat .bubble")

    @property
    def status(self) -> Locator:
        """What a screen reader says by itself."""
        return self.page.locator("aiguy-chat [role=status]")

    def button(self, name: str) -> Locator:
        """A button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    async def say(self, text: str) -> None:
        """Write and press Enter."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def ask(self, text: str) -> str:
        """Write, and wait for the whole answer; it is returned."""
        count = await self.page.locator("aiguy-chat .answer .thumbs").count()
        await self.say(text)
        await expect(self.page.locator("aiguy-chat .answer .thumbs")).to_have_count(count + 1)
        return await self.answers.last.inner_text()

    async def texts(self) -> list[str]:
        """Everything that was said and is shown, in order."""
        return await self.page.locator("aiguy-chat .bubble, aiguy-chat .text:visible").all_inner_texts()
