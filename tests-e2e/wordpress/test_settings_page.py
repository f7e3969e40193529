"""The settings page at a real browser: what a shop's owner needs first stands first, on a telephone too."""

import pytest
from playwright.async_api import Browser, Page, expect

from e2e.browser import screenshot, violations

from .browsing import window
from .conftest import ChangeSettings
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
PAGE = "/wp-admin/options-general.php?page=aiguy-chat"
#: From top to bottom: the six sections, by what is in each.
ORDER = (
    "#aiguy-backend_url", "#aiguy-panel-connection .aiguy-do",
    "#aiguy-placement_floating", "#aiguy-theme", "#aiguy-accent",
    "#aiguy-ab_share", "#aiguy-contact_email", "#aiguy-panel-comparison",
    "#aiguy-push_knowledge", "#aiguy-panel-knowledge .aiguy-do",
    "#aiguy-staff_roles-administrator", "#aiguy-webhook_secret",
    "#aiguy-mode", "#aiguy-public_url", "#aiguy-issuer", "#aiguy-delete_on_uninstall",
    ".aiguy-copy", ".aiguy-key", "#submit",
)  # fmt: skip


async def tops(page: Page) -> list[float]:
    """How far down each of them begins."""
    boxes = [await page.locator(one).bounding_box() for one in ORDER]
    return [box["y"] for box in boxes if box is not None]


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
async def test_it_goes_from_what_everybody_needs_to_what_few_need(
    wordpress: Site, settings: ChangeSettings, chromium: Browser, width: int, height: int
) -> None:
    await settings(push_knowledge=True)
    async with window(chromium, wordpress, "boss", viewport={"width": width, "height": height}) as boss:
        await boss.page.goto(wordpress.url + PAGE)
        await screenshot(boss.page, f"wordpress-settings-order-{width}")
        found = await tops(boss.page)
        assert len(found) == len(ORDER)
        assert found == sorted(found), dict(zip(ORDER, found, strict=True))
        assert await boss.page.evaluate("document.documentElement.scrollWidth") <= width
        assert [one for one in await violations(boss.page) if "aiguy" in one] == []


async def test_the_buttons_between_the_fields_save_nothing(
    wordpress: Site, settings: ChangeSettings, chromium: Browser
) -> None:
    await settings(title="Ask us")
    async with window(chromium, wordpress, "boss") as boss:
        await boss.page.goto(wordpress.url + PAGE)
        await boss.page.get_by_label("Heading").fill("Not saved")
        await boss.page.get_by_role("button", name="Test the connection").click()
        panel = boss.page.locator("#aiguy-panel-connection")
        await expect(panel.get_by_text("The connection works.")).to_be_visible(timeout=30_000)
        await expect(panel.locator(".aiguy-check")).to_have_count(9)
        await expect(boss.page.get_by_label("Heading")).to_have_value("Not saved")
        assert await wordpress.run(r"return \AIGuy\Chat\Settings::get('title');") == "Ask us"
        await boss.page.get_by_label("Light or dark").select_option("dark")
        await boss.page.get_by_role("button", name="Save Changes").click()
        await expect(boss.page.get_by_label("Heading")).to_have_value("Not saved")
        await expect(boss.page.get_by_label("Light or dark")).to_have_value("dark")
    kept = await wordpress.run(r"return \AIGuy\Chat\Settings::all();")
    assert (kept["title"], kept["theme"]) == ("Not saved", "dark")
