"""Every page of ours at every size, light and dark: no serious fault of accessibility; pictures in var/screenshots."""

import pytest
from playwright.async_api import Browser, expect

from e2e.browser import screenshot, violations
from e2e.machine import Machine
from e2e.shop import paid_order
from onebox.keys import Person
from servicekit.auth.claims import Role

from .browsing import Window, window
from .conftest import ChangeSettings
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
SIZES = {360: 740, 768: 1024, 1440: 900}
_ADMIN = {"settings": "options-general.php?page=aiguy-chat", "approvals": "admin.php?page=aiguy-approvals"}


async def pictures(shown: Window, name: str, *, dark: bool = False) -> None:
    """One of each size, with axe's judgement of ours."""
    for width, height in SIZES.items():
        await shown.page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark") if dark else ("light",):
            await shown.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await screenshot(shown.page, f"wordpress-{name}-{width}-{scheme}")
            assert await ours(shown) == [], f"{name} at {width}, {scheme}"


async def ours(shown: Window) -> list[str]:
    """What axe finds in what is ours; the theme and the rest of wp-admin are not."""
    return [one for one in await violations(shown.page) if "aiguy" in one]


async def test_the_chat_in_the_shops_page(
    wordpress: Site, settings: ChangeSettings, chromium: Browser, running_machine: Machine
) -> None:
    await settings(theme="auto")
    paid = await paid_order(running_machine, person=Person(f"wp_{await wordpress.user_id('ben')}", Role.CUSTOMER))
    async with window(chromium, wordpress, "ben") as ben:
        await ben.page.goto(wordpress.url)
        await pictures(ben, "front", dark=True)
        await ben.open(wordpress.url)
        answer = await ben.say("How do I return an item?")
        await answer.locator("summary").click()
        await pictures(ben, "chat", dark=True)
        card = (await ben.say(f"Refund order {paid.order} for $200")).get_by_role("region", name="Please confirm")
        await expect(card).to_be_visible()
        await pictures(ben, "card", dark=True)
        await card.get_by_role("button", name="Yes, go ahead").click()
        await expect(ben.chat.get_by_role("region", name="A colleague looks at it")).to_be_visible(timeout=30_000)
        await pictures(ben, "waiting", dark=True)
    async with window(chromium, wordpress, "boss") as boss:
        for name, page in _ADMIN.items():
            await boss.page.goto(f"{wordpress.url}/wp-admin/{page}")
            await boss.page.wait_for_load_state("networkidle")
            await pictures(boss, name)


async def test_the_form_where_there_is_no_chat(wordpress: Site, chromium: Browser) -> None:
    page = await wordpress.page("Write to us", "[aiguy_chat]")
    async with window(chromium, wordpress, java_script_enabled=False) as guest:
        await guest.page.goto(page)
        await expect(guest.page.locator("aiguy-chat form")).to_be_visible()
        for width, height in SIZES.items():
            await guest.page.set_viewport_size({"width": width, "height": height})
            await screenshot(guest.page, f"wordpress-form-{width}")
