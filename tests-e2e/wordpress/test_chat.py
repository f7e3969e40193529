"""Somebody in a shop's page, at a real browser: what they ask, see, and find again."""

import asyncio

import pytest
from playwright.async_api import Browser, expect

from .browsing import window
from .goods import ADAS, BENS
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
RETURN = "How do I return an item?"


async def test_a_guest_is_answered_with_sources_and_finds_all_of_it_after_a_reload(
    wordpress: Site, chromium: Browser
) -> None:
    async with window(chromium, wordpress) as guest:
        await guest.open(wordpress.url)
        answer = await guest.say(RETURN)
        await expect(answer).to_contain_text("Return items")
        source = answer.get_by_role("link", name="How to return an item")
        await expect(source).to_be_hidden()
        await answer.get_by_text("1 source").click()
        await expect(source).to_be_visible()
        assert await source.get_attribute("target") == "_blank"
        said = await guest.chat.locator("ol.items").inner_text()
        await guest.page.reload()
        await expect(guest.answers).to_have_count(1)
        await answer.get_by_text("1 source").click()
        assert await guest.chat.locator("ol.items").inner_text() == said


async def test_a_customer_sees_their_order_and_nobody_elses(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress, "ada") as ada:
        await ada.open(wordpress.url)
        await expect(await ada.say(f"Where is my order {ADAS[0].number}?")).to_contain_text("on its way")
        foreign = await (await ada.say(f"Where is my order {BENS[0].number}?")).inner_text()
    assert "on its way" not in foreign
    assert BENS[0].item not in foreign


async def test_twenty_presses_send_one_message(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress) as guest:
        await guest.open(wordpress.url)
        await guest.box.fill(RETURN)
        await guest.chat.get_by_role("button", name="Send", exact=True).evaluate(
            "button => { for (let press = 0; press < 20; press++) button.click(); }"
        )
        await expect(guest.answers).to_have_count(1)
        await guest.rest()
        await guest.page.reload()
        await expect(guest.chat.locator("ol.items > li")).to_have_count(2)


async def test_two_tabs_of_one_person_show_one_conversation(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress, "ben") as ben:
        await ben.open(wordpress.url)
        other = type(ben)(await ben.page.context.new_page())
        await other.open(wordpress.url)
        await ben.say(RETURN)
        await expect(other.answers).to_have_count(1)
        await other.say("What does the warranty cover?")
        await expect(ben.answers).to_have_count(2)
        for tab in (ben, other):
            await tab.rest()
        said = [await tab.chat.locator("ol.items").inner_text() for tab in (ben, other)]
    assert said[0] == said[1]


async def test_the_keyboard_alone_is_enough(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress) as guest:
        await guest.page.goto(wordpress.url)
        keys = guest.page.keyboard
        launcher = guest.chat.get_by_role("button", name="Open the chat")
        for _ in range(60):
            await keys.press("Tab")
            if await launcher.evaluate("button => button.getRootNode().activeElement === button"):
                break
        await keys.press("Enter")
        await expect(guest.box).to_be_focused()
        await keys.type(RETURN)
        await keys.press("Enter")
        await expect(guest.answers).to_have_count(1)
        await guest.rest()
        await expect(guest.answers).to_contain_text("Return items")
        await keys.press("Escape")
        await expect(guest.box).to_be_hidden()
        await expect(launcher).to_be_focused()


async def test_a_page_from_a_cache_of_yesterday_works(wordpress: Site, chromium: Browser) -> None:
    async with wordpress.client() as cache:
        page = (await cache.get("/")).text
    kept = wordpress.files / "cached.html"
    await asyncio.to_thread(kept.write_text, page, "utf-8")
    try:
        async with window(chromium, wordpress, "ada") as ada, window(chromium, wordpress) as guest:
            for somebody in (ada, guest):
                await somebody.open(f"{wordpress.url}/cached.html")
                await somebody.say(RETURN)
            # Every nonce that was ever given has run out.
            await wordpress.option("test_nonce_life", 50_000)
            for somebody in (ada, guest):
                await expect(await somebody.say("What does the warranty cover?")).to_contain_text("warranty")
                await expect(somebody.chat.get_by_role("alert")).to_be_hidden()
    finally:
        await wordpress.option("test_nonce_life", None)
        await asyncio.to_thread(kept.unlink)


async def test_who_signs_in_sees_nothing_of_the_guest_before(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress) as guest:
        await guest.open(wordpress.url)
        await guest.say(RETURN)
        await guest.page.goto(f"{wordpress.url}/wp-login.php")
        await guest.page.get_by_label("Username or Email Address").fill("ben")
        await guest.page.get_by_label("Password", exact=True).fill("a long one for tests")
        await guest.page.get_by_role("button", name="Log In").click()
        await guest.open(wordpress.url)
        await expect(guest.chat.get_by_text(RETURN)).to_have_count(0)


async def test_a_person_is_fetched_at_the_press_of_a_button(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress) as guest:
        await guest.open(wordpress.url)
        await guest.say(RETURN)
        await guest.chat.get_by_role("button", name="Talk to a person").click()
        await expect(guest.chat.get_by_text("A person answers")).to_be_visible(timeout=30_000)
