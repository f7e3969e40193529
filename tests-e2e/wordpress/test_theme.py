"""Light or dark: what the owner has set, unless an author says otherwise, whatever the visitor's device prefers."""

import re

import pytest
from playwright.async_api import Browser

from .browsing import window
from .conftest import ChangeSettings
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
PLACES = {"shortcode": "[aiguy_chat{}]", "block": "<!-- wp:aiguy/chat {} /-->", "corner": "<p>Lanterns</p>"}
OWN = {"shortcode": ' theme="{}"', "block": '{{"theme": "{}"}}'}


async def shown(site: Site, place: str, own: str = "") -> str:
    """The theme of the chat of a new page; `own`: the one that the page's author has chosen."""
    url = await site.page(f"Theme of the {place}", PLACES[place].format(OWN[place].format(own) if own else ""))
    async with site.client() as guest:
        (theme,) = re.findall(r'<aiguy-chat[^>]* theme="(\w+)"', (await guest.get(url)).text)
        return str(theme)


@pytest.mark.parametrize("place", PLACES)
async def test_it_is_the_owners_in_every_place(wordpress: Site, settings: ChangeSettings, place: str) -> None:
    assert await shown(wordpress, place) == "light", "nobody has chosen"
    for chosen, theme in {"auto": "auto", "dark": "dark", "neon": "light"}.items():
        await settings(theme=chosen)
        assert await shown(wordpress, place) == theme


@pytest.mark.parametrize("place", OWN)
async def test_an_authors_choice_wins(wordpress: Site, settings: ChangeSettings, place: str) -> None:
    await settings(theme="dark")
    for own, theme in {"light": "light", "auto": "auto", "neon": "dark"}.items():
        assert await shown(wordpress, place, own) == theme


@pytest.mark.parametrize(("theme", "scheme"), [("light", "light"), ("auto", "light dark"), ("dark", "dark")])
async def test_a_device_that_prefers_dark_gets_what_the_owner_chose(
    wordpress: Site, settings: ChangeSettings, chromium: Browser, theme: str, scheme: str
) -> None:
    await settings(theme=theme)
    async with window(chromium, wordpress, color_scheme="dark") as guest:
        await guest.open(wordpress.url)
        assert await guest.box.evaluate("box => getComputedStyle(box).colorScheme") == scheme
