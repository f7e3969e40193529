"""Somebody who is logged in connects their account in Slack from the chat; a guest of the site cannot."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from e2e.browser import screenshot
from e2e.machine import Machine
from e2e.slack import Workspace, direct, home, someone, talking_in_slack
from servicekit.testing import eventually

from .browsing import window
from .conftest import ChangeSettings
from .goods import ADAS
from .site import Site
from .widget import visiting

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
NAME = "Connect Slack"


@pytest_asyncio.fixture(loop_scope="session")
async def slack(wordpress: Site, trust: dict[str, str], running_machine: Machine) -> AsyncIterator[Workspace]:
    """The site's customers may write in Slack too."""
    async with talking_in_slack(running_machine, **trust) as found:
        yield found


@pytest.mark.parametrize("mode", ["proxy", "direct"])
async def test_the_code_from_the_chat_opens_their_own_orders_in_slack(
    wordpress: Site, settings: ChangeSettings, chromium: Browser, slack: Workspace, mode: str
) -> None:
    await settings(mode=mode)
    user = someone()
    async with window(chromium, wordpress, "ada", viewport={"width": 390, "height": 740}) as ada:
        await ada.open(wordpress.url)
        await ada.chat.get_by_role("button", name=NAME).click()
        code = await ada.chat.locator(".slack code").inner_text()
        await screenshot(ada.page, f"wordpress/slack-{mode}")
    await slack.say(direct(user, code))
    await slack.say(direct(user, f"Where is my order {ADAS[0].number}?"))
    await eventually(lambda: "on its way" in str(slack.slack.in_thread(home(user), None)), 60)


async def test_a_guest_is_not_offered_to_and_gets_no_code(wordpress: Site, chromium: Browser, slack: Workspace) -> None:
    async with window(chromium, wordpress) as guest:
        await guest.open(wordpress.url)
        await guest.say("How do I return an item?")
        await expect(guest.chat.get_by_role("button", name=NAME)).to_have_count(0)
    async with visiting(wordpress) as guest:
        refused = await guest.post("slack", {})
    assert (refused.status_code, refused.json()["code"]) == (httpx.codes.FORBIDDEN, "forbidden")


async def test_a_code_is_given_with_the_nonce_of_the_page_alone(wordpress: Site, slack: Workspace) -> None:
    async with visiting(wordpress, "ada") as ada:
        given = await ada.post("slack", {})
        borrowed = await ada.post("slack", {}, origin="https://evil.example")
        ada.session["headers"] = {}
        bare = await ada.post("slack", {})
    assert (given.status_code, set(given.json())) == (httpx.codes.CREATED, {"code", "expires_in_s", "app"})
    assert (borrowed.status_code, bare.status_code) == (httpx.codes.FORBIDDEN, httpx.codes.FORBIDDEN)
    assert given.headers["cache-control"] == "no-store"


async def test_where_slack_is_off_nobody_is_offered_to(wordpress: Site, chromium: Browser) -> None:
    async with window(chromium, wordpress, "ada") as ada:
        await ada.open(wordpress.url)
        await ada.say("How do I return an item?")
        await expect(ada.chat.get_by_role("button", name=NAME)).to_have_count(0)
    async with visiting(wordpress, "ada") as ada:
        assert (await ada.post("slack", {})).status_code == httpx.codes.NOT_FOUND
