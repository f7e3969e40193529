"""Too many people write: an address is asked for, and the answer that is e-mailed is seen in the open chat too."""

import pytest
from playwright.async_api import expect

from e2e.browser import screenshot, violations
from e2e.scripted_turns import answer, card, end

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
PROMISE = "We will e-mail you the answer, to g\u2022\u2022\u2022@example.org. It will be in this chat, too."
OFFER = "Not sent. Many people are writing to us just now. Leave your e-mail address, and we send you the answer."
LOOKS = [
    {"viewport": {"width": 390, "height": 740}, "has_touch": True, "is_mobile": True},
    {"viewport": {"width": 320, "height": 568}, "color_scheme": "dark"},
    {"viewport": {"width": 320, "height": 568}},
    {"viewport": {"width": 390, "height": 740}, "color_scheme": "dark"},
]


def _sheds(host, **more) -> None:
    host.fail("chat", 503, "overloaded", {"retry-after": "20"}, can_mail=True, **more)


@pytest.mark.parametrize("look", LOOKS, ids=["390-light", "320-dark", "320-light", "390-dark"])
async def test_a_guest_leaves_an_address_and_is_promised_the_answer(host, visit, look) -> None:
    host.kind = "guest"
    host.scripts = [[end(PROMISE, "later", mailed_to="g\u2022\u2022\u2022@example.org")]]
    widget = await visit(look=look, placement="floating", open="")
    _sheds(host)
    await widget.say("How long is the warranty on the espresso machine?")
    await expect(widget.page.get_by_text(OFFER)).to_be_visible()
    name = f"widget/address-{look['viewport']['width']}-{look.get('color_scheme', 'light')}"
    await screenshot(widget.page, name)
    assert await violations(widget.page) == []
    assert await widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    field = widget.page.get_by_label("Your e-mail address")
    await field.fill("gus")
    await widget.button("E-mail me the answer").click()
    assert host.calls["chat"] == [], "the browser says what is wrong with it"
    await field.fill("gus@example.org")
    await field.press("Enter")
    await expect(widget.answers).to_have_text(PROMISE)
    await expect(field).to_have_count(0)
    await screenshot(widget.page, f"{name}-promised")
    (sent,) = host.calls["chat"]
    assert (sent["mail_to"], sent["message"]) == (
        "gus@example.org",
        "How long is the warranty on the espresso machine?",
    )


@pytest.mark.parametrize(
    ("status", "code", "told"), [(422, "invalid_request", "check it"), (429, "rate_limited", "Please try again in")]
)
async def test_another_address_can_be_left_when_one_is_refused(host, visit, status: int, code: str, told: str) -> None:
    host.kind = "guest"
    widget = await visit()
    _sheds(host)
    await widget.say("Hello")
    await widget.page.get_by_label("Your e-mail address").fill("gus@example.org")
    host.fail("chat", status, code)
    await widget.button("E-mail me the answer").click()
    await expect(widget.page.locator("aiguy-chat .trouble")).to_contain_text(told)
    await expect(widget.page.get_by_label("Your e-mail address")).to_have_value("gus@example.org")
    await widget.button("Try again").click()
    await expect(widget.answers).to_have_text("You said: Hello")
    assert "mail_to" not in host.calls["chat"][-1]


async def test_the_form_reads_from_right_to_left_and_in_the_language_of_the_page(host, visit) -> None:
    host.kind, host.page_lang = "guest", "ar"
    widget = await visit(look=LOOKS[0])
    _sheds(host)
    await widget.say("\u0645\u0631\u062d\u0628\u0627")
    await expect(widget.page.get_by_label("Your e-mail address")).to_be_visible()
    assert await widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await screenshot(widget.page, "widget/address-rtl")
    host.page_lang = "de"
    german = await visit(look=LOOKS[0])
    _sheds(host)
    await german.say("Hallo")
    await expect(german.page.get_by_label("Ihre E-Mail-Adresse")).to_be_visible()
    await screenshot(german.page, "widget/address-de")


@pytest.mark.parametrize("transport", ["stream", "poll"])
async def test_an_answer_that_is_mailed_is_seen_in_the_open_chat(host, visit, transport: str) -> None:
    host.transport = transport
    host.scripts = [[end(PROMISE, "later")]]
    widget = await visit()
    await widget.page.clock.install()
    await widget.say("Where is it?")
    await expect(widget.answers).to_have_text(PROMISE)
    looks = "stream" if transport == "stream" else "conversation"
    before = len(host.calls[looks])
    await widget.page.clock.run_for(10_000)
    assert len(host.calls[looks]) == before, "a rush that is watched closely lasts longer"
    await host.turns["trn_1"].begin_after_all(*answer("It is on its way.", mailed=True))
    await widget.page.clock.run_for(60_000)
    await expect(widget.answers).to_have_text("It is on its way.")
    await expect(widget.page.get_by_text("We also e-mailed this answer to you.")).to_be_visible()
    await expect(widget.page.locator("aiguy-chat .thumbs")).to_have_count(1)
    await expect(widget.status).to_contain_text("It is on its way.")


@pytest.mark.parametrize(("transport", "ms"), [("stream", 16_000), ("poll", 60_000)])
async def test_a_question_that_comes_instead_can_be_answered_in_the_open_chat(host, visit, transport, ms) -> None:
    host.transport = transport
    host.scripts = [[end(PROMISE, "later")]]
    widget = await visit()
    await widget.page.clock.install()
    await widget.say("Refund it")
    await expect(widget.answers).to_have_text(PROMISE)
    await host.turns["trn_1"].begin_after_all(card())
    await widget.page.clock.run_for(ms)
    await expect(widget.button("Yes, go ahead")).to_be_visible()
    await expect(widget.page.get_by_text(PROMISE)).to_have_count(0)


async def test_a_page_that_is_loaded_again_goes_on_waiting_for_it(host, visit) -> None:
    host.scripts = [[end(PROMISE, "later")]]
    widget = await visit()
    await widget.say("Where is it?")
    await expect(widget.answers).to_have_text(PROMISE)
    await widget.page.clock.install()
    await widget.page.reload()
    await expect(widget.answers).to_have_text(PROMISE)
    await host.turns["trn_1"].begin_after_all(*answer("It is on its way."))
    await widget.page.clock.run_for(60_000)
    await expect(widget.answers).to_have_text("It is on its way.")
