"""What is on the page stays the same node while other things change: a focus, a click, a screen reader rely on it."""

import pytest
from playwright.async_api import expect

from e2e.scripted_turns import Cut, Gate, answer, card, chunks, end

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
_KEPT = "(place) => { window.kept = document.querySelector('aiguy-chat').shadowRoot.querySelector(place); }"
_SAME = "(place) => document.querySelector('aiguy-chat').shadowRoot.querySelector(place) === window.kept"


async def test_a_notice_stays_while_an_answer_comes(host, visit) -> None:
    gate = Gate()
    first, second = chunks("Once upon ", "a time")
    host.scripts = [[first, gate, second, Gate()]]
    widget = await visit()
    await widget.say("Tell me a story")
    await expect(widget.answers).to_have_text("Once upon")
    host.fail("stop", 503, "overloaded")
    await widget.button("Stop").click()
    await expect(widget.page.locator("aiguy-chat .notice button")).to_be_visible()
    await widget.page.evaluate(_KEPT, ".notice button")
    gate.opened.set()
    await expect(widget.answers).to_have_text("Once upon a time")
    assert await widget.page.evaluate(_SAME, ".notice button")


async def test_the_files_of_an_answer_stay_when_it_is_rated(host, visit) -> None:
    host.scripts = [answer("Here.", links={"Invoice (PDF)": "https://shop.example/i.pdf"})]
    widget = await visit()
    await widget.ask("My invoice?")
    await widget.page.get_by_role("link", name="Invoice (PDF)").focus()
    await widget.page.evaluate(_KEPT, ".links a")
    async with widget.page.expect_response("**/feedback"):
        await widget.page.evaluate(
            "() => document.querySelector('aiguy-chat').shadowRoot.querySelector('.thumbs button').click()"
        )
    await expect(widget.button("Yes, this helped")).to_have_attribute("aria-pressed", "true")
    assert await widget.page.evaluate(_SAME, ".links a")
    await expect(widget.page.get_by_role("link", name="Invoice (PDF)")).to_be_focused()


async def test_after_another_try_the_keyboard_is_where_one_writes(host, visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    host.fail("chat", 503, "overloaded")
    await widget.say("Again")
    await widget.button("Try again").press("Enter")
    await expect(widget.answers).to_have_count(2)
    await expect(widget.box).to_be_focused()


async def test_after_another_try_to_begin_the_keyboard_is_where_one_writes(host, visit) -> None:
    host.fail("session", 502)
    widget = await visit()
    host.fail("session", 502)
    again = widget.button("Try again")
    await again.press("Enter")
    # The second try failed too: it is where the third one is made.
    await expect(again).to_be_focused()
    await again.press("Enter")
    await expect(widget.box).to_be_focused()


async def test_an_answer_that_is_read_is_told_as_one_that_streams_is(host, visit) -> None:
    cut, gate = Gate(), Gate()
    host.scripts = [[card("approval"), cut, Cut(), gate, end("Your colleague agreed.")]]
    widget = await visit()
    await widget.page.evaluate(
        "() => { window.told = 0; document.addEventListener('aiguy:message', () => { window.told += 1; }); }"
    )
    await widget.say("Refund it")
    # A line that breaks takes what is still under way with it.
    await expect(widget.page.get_by_text("A colleague looks at it").first).to_be_visible()
    async with widget.page.expect_response("**/conversation?*"):
        cut.opened.set()
    gate.opened.set()
    await expect(widget.status).to_have_text("Your colleague agreed.")
    assert await widget.page.evaluate("window.told") == 1
