"""By keyboard alone, with an input method, on a phone: focus goes where it should, nothing is sent by mistake."""

import pytest
from playwright.async_api import expect

from e2e.scripted_turns import Gate, answer

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
FOCUS = "(() => { const one = document.querySelector('aiguy-chat').shadowRoot.activeElement; return one && (one.ariaLabel || one.textContent.trim()); })()"  # noqa: E501
PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


async def test_opened_used_and_closed_by_keyboard(visit) -> None:
    widget = await visit(placement="floating")
    page = widget.page
    await page.keyboard.press("Tab")
    assert await page.evaluate(FOCUS) == "Open the chat"
    await page.keyboard.press("Enter")
    assert await page.evaluate(FOCUS) == "Write a message"
    await page.keyboard.type("Hello")
    await page.keyboard.press("Enter")
    await expect(widget.answers).to_have_text("You said: Hello")
    assert await page.evaluate(FOCUS) == "Write a message"
    await page.keyboard.press("Escape")
    await expect(widget.box).to_be_hidden()
    assert await page.evaluate(FOCUS) == "Open the chat"


async def test_every_control_can_be_reached_in_reading_order(visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    await widget.page.locator("h1").click()
    order = []
    for _ in range(8):
        await widget.page.keyboard.press("Tab")
        order.append(await widget.page.evaluate(FOCUS))
    assert [name for name in order if name and not name.startswith("You are")] == [
        "New conversation", "Conversation", "Yes, this helped", "No, this did not help", "E-mail me this answer",
        "Talk to a person", "Write a message", "Send",
    ]  # fmt: skip


async def test_shift_enter_breaks_the_line_and_enter_sends(host, visit) -> None:
    widget = await visit()
    await widget.box.press_sequentially("One")
    await widget.box.press("Shift+Enter")
    await widget.box.press_sequentially("two")
    await widget.box.press("Enter")
    await expect(widget.questions).to_have_text("One\ntwo")
    await expect(widget.answers).to_have_count(1)
    assert host.calls["chat"][0]["message"] == "One\ntwo"


async def test_an_enter_that_ends_a_composition_sends_nothing(host, visit) -> None:
    widget = await visit()
    await widget.box.fill("にほん")
    for init in ("{ isComposing: true, keyCode: 13 }", "{ isComposing: false, keyCode: 229 }"):
        await widget.box.evaluate(
            f"(box) => box.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'Enter', bubbles: true, cancelable: true, ...{init} }}))"  # noqa: E501
        )
    await expect(widget.box).to_have_value("にほん")
    assert host.calls["chat"] == []


async def test_nothing_is_sent_of_nothing(host, visit) -> None:
    widget = await visit()
    await widget.say("   \n  ")
    await expect(widget.questions).to_have_count(0)
    assert host.calls["chat"] == []


async def test_long_texts_are_counted_near_the_end(visit) -> None:
    widget = await visit()
    await widget.box.fill("a" * 3590)
    await expect(widget.page.get_by_text("characters left")).to_be_hidden()
    await widget.box.fill("a" * 3990)
    await expect(widget.page.get_by_text("10 characters left")).to_be_visible()
    await widget.box.press_sequentially("b" * 15)
    assert len(await widget.box.input_value()) == 4000


async def test_the_whole_of_a_phone_keeps_the_focus_inside(visit) -> None:
    widget = await visit(look=PHONE, placement="floating")
    page = widget.page
    await widget.button("Open the chat").click()
    dialog = page.get_by_role("dialog", name="Chat with us")
    await expect(dialog).to_have_attribute("aria-modal", "true")
    box = await dialog.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 640)
    for _ in range(12):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.tagName") == "AIGUY-CHAT"
    await page.keyboard.press("Escape")
    assert await page.evaluate(FOCUS) == "Open the chat"


async def test_beside_the_page_the_focus_may_leave(visit) -> None:
    widget = await visit(placement="floating", open="")
    await widget.box.focus()
    dialog = widget.page.get_by_role("dialog", name="Chat with us")
    await expect(dialog).to_have_attribute("aria-modal", "false")


@pytest.mark.parametrize("width", [320, 768])
async def test_everything_can_be_hit_with_a_finger(host, visit, width) -> None:
    widget = await visit(look={"viewport": {"width": width, "height": 700}}, placement="floating")
    await widget.button("Open the chat").click()
    await widget.ask("Hello")
    small = await widget.page.evaluate(
        "[...document.querySelector('aiguy-chat').shadowRoot.querySelectorAll('button, summary, .chip, textarea')]"
        ".filter((one) => one.checkVisibility())"
        ".map((one) => [one.ariaLabel || one.textContent, one.getBoundingClientRect()])"
        # Chromium gives 43.99997 for 44 pixels at some places of a page.
        ".filter(([, { height, width }]) => height < 43.999 || width < 43.999)"
        ".map(([name, { height, width }]) => `${name} ${width}x${height}`)"
    )
    assert small == []
    assert await widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_it_stays_open_from_page_to_page_and_takes_no_focus_then(host, visit) -> None:
    widget = await visit(placement="floating")
    await widget.button("Open the chat").click()
    await widget.ask("Hello")
    await widget.page.reload()
    await expect(widget.answers).to_have_text("You said: Hello")
    assert await widget.page.evaluate("document.activeElement.tagName") == "BODY"


async def test_a_closed_chat_asks_the_server_for_nothing_and_tells_of_an_answer(host, visit) -> None:
    widget = await visit(placement="floating")
    assert dict(host.calls) == {}
    gate = Gate()
    host.scripts = [[gate, *answer("Here it is.")]]
    await widget.button("Open the chat").click()
    await widget.say("Hello")
    await gate.reached.wait()
    await widget.page.keyboard.press("Escape")
    gate.opened.set()
    await widget.button("Open the chat. There is a new answer").click()
    await expect(widget.answers).to_have_text("Here it is.")
