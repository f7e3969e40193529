"""Nobody of the team is there: when they are back stands below the thread, and a guest has a place for an address."""

import pytest
from playwright.async_api import expect

from e2e.browser import screenshot, violations
from e2e.scripted_turns import end

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
BACK = "Nobody of our team is there just now. They are back on Monday at 08:00 (EST)."
ASKED = {"text": f"{BACK} Leave your e-mail address, and we will send you what they say.", "mailing": "wanted"}
MAILED = {"text": f"{BACK} We will also e-mail what they say to g\u2022\u2022\u2022@example.org.", "mailing": "left"}
HANDED = f"I am handing you over to a person from our team. Your ticket is HP-10023. {BACK}"
LOOKS = [
    {"viewport": {"width": 1280, "height": 800}},
    {"viewport": {"width": 390, "height": 740}, "has_touch": True, "is_mobile": True},
    {"viewport": {"width": 390, "height": 740}, "color_scheme": "dark"},
    {"viewport": {"width": 320, "height": 568}},
]


async def _asks(host, visit, **look):
    host.kind, host.scripts = "guest", [[end(HANDED, "handed_over", answering="staff")]]
    host.answering, host.waiting, host.waiting_mailed = "staff", ASKED, MAILED
    widget = await visit(placement="floating", open="", **look)
    await widget.button("Talk to a person").click()
    await expect(widget.answers).to_have_text(HANDED)
    await expect(widget.page.locator(".waiting .facts").filter(has_text=ASKED["text"])).to_be_visible(timeout=20_000)
    return widget


@pytest.mark.parametrize("look", LOOKS, ids=["1280", "390", "390-dark", "320"])
async def test_a_guest_leaves_an_address_and_reads_that_they_are_answered_there(host, visit, look) -> None:
    widget = await _asks(host, visit, look=look)
    name = f"widget/waiting-{look['viewport']['width']}-{look.get('color_scheme', 'light')}"
    field = widget.page.get_by_label("Your e-mail address")
    await expect(field).to_be_in_viewport()
    await screenshot(widget.page, name)
    assert await violations(widget.page) == []
    assert await widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await field.fill("gus")
    await widget.button("E-mail me the answer").click()
    assert len(host.calls["handoff"]) == 1, "the browser says what is wrong with it"
    await field.fill("gus@example.org")
    await field.press("Enter")
    await expect(widget.page.locator(".waiting .facts").filter(has_text=MAILED["text"])).to_be_visible()
    await expect(field).to_have_count(0)
    await screenshot(widget.page, f"{name}-left")
    assert host.calls["handoff"][-1]["mail_to"] == "gus@example.org"
    await expect(widget.questions).to_have_count(1)


async def test_the_words_of_people_come_into_the_open_chat_and_nobody_waits_any_more(host, visit) -> None:
    widget = await _asks(host, visit)
    host.waiting = {"text": "", "mailing": "left"}
    host.staff_says("Good morning, this is Kim.")
    await expect(widget.page.get_by_text("Good morning, this is Kim.", exact=True)).to_be_visible(timeout=10_000)
    await expect(widget.page.locator(".waiting .facts").filter(has_text=BACK)).to_have_count(0)
    await expect(widget.page.get_by_label("Your e-mail address")).to_have_count(0)


async def test_what_is_being_written_stays_while_the_page_looks_again(host, visit) -> None:
    widget = await _asks(host, visit)
    field = widget.page.get_by_label("Your e-mail address")
    await field.fill("gus@exam")
    before = len(host.calls["conversation"])
    host.waiting = ASKED | {"text": f"I am sorry that you still wait. {ASKED['text']}"}
    await expect(widget.page.locator(".waiting .facts").filter(has_text=host.waiting["text"])).to_be_visible(
        timeout=20_000
    )
    assert len(host.calls["conversation"]) > before
    await expect(field).to_have_value("gus@exam")
    await expect(field).to_be_focused()


@pytest.mark.parametrize(
    ("status", "code", "told"), [(422, "invalid_request", "check it"), (429, "rate_limited", "a lot at once")]
)
async def test_another_address_can_be_left_when_one_is_refused(host, visit, status: int, code: str, told: str) -> None:
    widget = await _asks(host, visit)
    host.fail("handoff", status, code)
    field = widget.page.get_by_label("Your e-mail address")
    await field.fill("gus@example.org")
    await field.press("Enter")
    await expect(widget.page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    await expect(field).to_have_value("gus@example.org")
    await field.press("Enter")
    await expect(widget.page.locator(".waiting .facts").filter(has_text=MAILED["text"])).to_be_visible()
