"""A signed-in customer connects their account in Slack: the code, what to do with it, and how that can fail."""

import pytest
from playwright.async_api import expect

from e2e.browser import screenshot, violations

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
LOOKS = [
    {"viewport": {"width": 1280, "height": 800}},
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    {"viewport": {"width": 390, "height": 740}, "has_touch": True, "is_mobile": True},
    {"viewport": {"width": 320, "height": 568}},
]
WRITE = "Write this code to Shop assistant in Slack, in a direct message."
NAME = "Connect Slack"


@pytest.mark.parametrize("look", LOOKS, ids=["1280", "1280-dark", "390", "320"])
async def test_it_shows_the_code_whom_to_write_it_to_and_until_when(host, visit, look) -> None:
    host.slack = True
    widget = await visit(look=look, placement="floating", open="")
    await widget.button(NAME).click()
    code = widget.page.locator("aiguy-chat .slack code")
    await expect(code).to_have_text("ABCD-EFGH-2341")
    await expect(code).to_be_in_viewport()
    for told in (WRITE, "It is good once, until"):
        await expect(widget.page.locator("aiguy-chat .slack").get_by_text(told)).to_be_in_viewport()
    await expect(widget.status).to_contain_text("ABCD-EFGH-2341")
    await expect(widget.button(NAME)).to_have_attribute("aria-expanded", "true")
    assert await widget.page.locator("aiguy-chat [aria-live], aiguy-chat [role=status]").count() == 1
    name = f"widget/slack-{look['viewport']['width']}{'-dark' if 'color_scheme' in look else ''}"
    await screenshot(widget.page, name)
    assert await violations(widget.page) == []
    assert await widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_code_is_copied(host, visit) -> None:
    host.slack = True
    widget = await visit(look={"permissions": ["clipboard-read", "clipboard-write"]})
    await widget.button(NAME).click()
    await widget.button("Copy").click()
    await expect(widget.button("Copied")).to_be_focused()
    await expect(widget.status).to_have_text("Copied")
    assert await widget.page.evaluate("navigator.clipboard.readText()") == "ABCD-EFGH-2341"


async def test_where_a_browser_copies_nothing_the_code_is_marked(host, visit) -> None:
    host.slack = True
    widget = await visit()
    await widget.page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')); }"
    )
    await widget.button(NAME).click()
    await widget.button("Copy").click()
    await expect(widget.button("Please copy the code yourself")).to_be_visible()
    await widget.page.evaluate("() => { Object.defineProperty(navigator, 'clipboard', {value: undefined}); }")
    await widget.button("Done").click()
    await widget.button(NAME).click()
    await expect(widget.page.locator("aiguy-chat .slack code")).to_have_text("ABCD-EFGH-2342")
    await expect(widget.button("Copy")).to_have_count(0)


async def test_by_keyboard_alone_and_escape_leaves_this_and_not_the_chat(host, visit) -> None:
    host.slack = True
    widget = await visit(placement="floating", open="")
    await widget.button(NAME).press("Enter")
    await expect(widget.page.get_by_role("heading", name=NAME)).to_be_focused()
    await expect(widget.button("Copy")).to_be_visible()
    await widget.page.keyboard.press("Tab")
    await widget.page.keyboard.press("Tab")
    await expect(widget.button("Done")).to_be_focused()
    await widget.page.keyboard.press("Escape")
    await expect(widget.button(NAME)).to_be_focused()
    await expect(widget.page.locator("aiguy-chat .slack")).to_be_hidden()
    await expect(widget.page.get_by_text("ABCD-EFGH-2341")).to_have_count(1)  # in what was said aloud alone
    await expect(widget.box).to_be_visible()


@pytest.mark.parametrize(("slack", "connects"), [(False, True), (True, False)], ids=["not-theirs", "no-route"])
async def test_who_cannot_connect_is_offered_nothing(host, visit, slack: bool, connects: bool) -> None:
    host.slack, host.connects = slack, connects
    widget = await visit()
    await widget.ask("Hello")
    await expect(widget.button(NAME)).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (429, "rate_limited", "That was a lot at once."), (404, "not_found", "That did not work."),
        (503, "dependency_down", "Something went wrong on our side."), (403, "forbidden", "Your session has ended."),
    ],
)  # fmt: skip
async def test_what_went_wrong_is_said_and_tried_again(host, visit, status: int, code: str, told: str) -> None:
    host.slack = True
    widget = await visit()
    host.fail("slack", status, code)
    await widget.button(NAME).click()
    await expect(widget.page.locator("aiguy-chat .slack .trouble")).to_contain_text(told)
    await expect(widget.status).to_contain_text(told)
    await widget.button("Try again").click()
    await expect(widget.page.locator("aiguy-chat .slack code")).to_have_text("ABCD-EFGH-2341")
    await expect(widget.page.get_by_role("heading", name=NAME)).to_be_focused()


async def test_a_code_that_is_too_old_is_taken_away_and_another_can_be_had(host, visit) -> None:
    host.slack, host.code_s = True, 60
    widget = await visit()
    await widget.page.clock.install()
    await widget.button(NAME).click()
    await expect(widget.page.locator("aiguy-chat .slack code")).to_have_text("ABCD-EFGH-2341")
    await widget.button("Copy").focus()
    await widget.page.clock.run_for(61_000)
    await expect(widget.page.locator("aiguy-chat .slack code")).to_have_count(0)
    await expect(widget.status).to_have_text("This code is no longer good.")
    await expect(widget.page.get_by_role("heading", name=NAME)).to_be_focused()
    await widget.button("Get a new code").click()
    await expect(widget.page.locator("aiguy-chat .slack code")).to_have_text("ABCD-EFGH-2342")


async def test_in_the_language_of_the_page_and_from_right_to_left(host, visit) -> None:
    host.slack, host.page_lang = True, "de"
    german = await visit(look=LOOKS[2], placement="floating", open="")
    await german.button("Slack verbinden").click()
    await expect(german.page.locator("aiguy-chat .slack")).to_contain_text(
        "Schreiben Sie diesen Code in Slack an Shop assistant"
    )
    await screenshot(german.page, "widget/slack-390-de")
    host.page_lang = "ar"
    arabic = await visit(look=LOOKS[2], placement="floating", open="")
    await arabic.button(NAME).click()
    await expect(arabic.page.locator("aiguy-chat .slack code")).to_be_visible()
    await screenshot(arabic.page, "widget/slack-390-rtl")
    assert await arabic.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
