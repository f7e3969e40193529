"""Every way in which a site may be set up, at a real browser: streams, none, the backend itself, nothing at all."""

import pytest
from playwright.async_api import Browser, expect

from e2e.facts import rows
from e2e.machine import Machine
from servicekit.embedded import free_port
from servicekit.testing import eventually

from .browsing import window
from .conftest import ChangeSettings
from .goods import ADAS
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_WHERE = f"Where is my order {ADAS[0].number}?"


@pytest.mark.parametrize("mode", ["poll", "direct"])
async def test_a_customer_is_answered_in_every_mode(
    wordpress: Site, settings: ChangeSettings, chromium: Browser, running_machine: Machine, mode: str
) -> None:
    await settings(mode=mode)
    door = running_machine.stack.front_door
    asked: list[str] = []
    async with window(chromium, wordpress, "ada") as ada:
        ada.page.on("request", lambda request: asked.append(request.url))
        await ada.open(wordpress.url)
        await expect(await ada.say(_WHERE)).to_contain_text("on its way")
        await ada.page.reload()
        await expect(ada.answers).to_contain_text("on its way")
    elsewhere = {url for url in asked if url.startswith(str(door))}
    assert bool(elsewhere) == (mode == "direct")
    assert [url for url in asked if "ey" in url.partition("?")[2]] == [], "no token in an address"


async def test_plain_permalinks_are_enough(wordpress: Site, chromium: Browser) -> None:
    await wordpress.permalinks("")
    try:
        async with window(chromium, wordpress, "ada") as ada:
            await ada.open(wordpress.url)
            await expect(await ada.say(_WHERE)).to_contain_text("on its way")
            await ada.page.reload()
            await expect(ada.answers).to_contain_text("on its way")
    finally:
        await wordpress.permalinks("/%postname%/")


async def handed_over(machine: Machine) -> int:
    """How many conversations people have been asked into."""
    return int((await rows(machine.database("tickets"), "SELECT count(*) AS so_many FROM handoffs"))[0]["so_many"])


async def test_without_javascript_there_is_a_form_and_it_works(
    wordpress: Site, chromium: Browser, running_machine: Machine
) -> None:
    page, before = await wordpress.page("Contact", "[aiguy_chat]"), await handed_over(running_machine)
    async with window(chromium, wordpress, java_script_enabled=False) as guest:
        await guest.page.goto(page)
        form = guest.page.locator("aiguy-chat form")
        await form.get_by_role("textbox", name="Your e-mail address").fill("nora@example.com")
        await form.get_by_role("textbox", name="How can we help?").fill("The tent peg has broken in the wind.")
        await form.get_by_role("button", name="Send").click()
        await expect(guest.page.get_by_role("status")).to_be_visible()

    async def arrived() -> bool:
        return await handed_over(running_machine) == before + 1

    await eventually(arrived, 20)


async def test_when_the_backend_is_down_there_are_words_and_the_form(
    wordpress: Site, settings: ChangeSettings, chromium: Browser
) -> None:
    await settings(backend_url=f"http://127.0.0.1:{free_port()}")
    async with window(chromium, wordpress) as guest:
        await guest.page.goto(wordpress.url)
        await guest.chat.get_by_role("button", name="Open the chat").click()
        await expect(guest.chat.get_by_role("alert")).to_contain_text("Please try again", timeout=60_000)
        await expect(guest.chat.get_by_role("link", name="Write to us instead")).to_be_visible()
        await settings()
        await guest.chat.get_by_role("button", name="Try again").click()
        await expect(await guest.say("How do I return an item?")).to_contain_text("Return items")
