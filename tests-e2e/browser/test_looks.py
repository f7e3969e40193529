"""How it looks and sounds in every state, at every width, in light and dark, from left and from right.

The pictures are in `var/screenshots/widget/`, for people; axe judges what can be judged without eyes.
"""

from typing import Any

import pytest
from playwright.async_api import expect

from e2e.browser import screenshot, violations
from e2e.scripted_turns import Gate, answer, card, chunks, end

from .widget import Widget

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
TALK = [
    answer(
        "You can return any item **within 30 days** of delivery.\n\n",
        "1. Print the label of your order.\n2. Pack the item with its tags.\n3. Bring it to a post office.\n\n",
        "The refund is on your card after `3 to 5` working days. See [our returns page](https://shop.example/returns).",
        citations=[
            {"title": "Returns and refunds", "url": "https://shop.example/returns",
             "quote": "You can return any item within 30 days of delivery."},
            {"title": "How refunds are paid", "url": "https://shop.example/refunds",
             "quote": "Refunds take 3 to 5 working days."},
        ],
        links={"Invoice ABC123 (PDF)": "https://shop.example/invoice.pdf"},
    ),
    [card(texts=[{"name": "reason", "text": "The parcel arrived damaged.", "by": "assistant"}]), Gate()],
]  # fmt: skip
LOOKS: dict[str, dict[str, Any]] = {
    "360-light": {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True},
    "360-dark": {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
        "color_scheme": "dark",
    },
    "768-light": {"viewport": {"width": 768, "height": 900}},
    "768-dark": {"viewport": {"width": 768, "height": 900}, "color_scheme": "dark"},
    "1440-light": {"viewport": {"width": 1440, "height": 900}},
    "1440-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "320-contrast": {"viewport": {"width": 320, "height": 568}, "contrast": "more", "reduced_motion": "reduce"},
}


async def _judge(widget: Widget, name: str) -> None:
    await screenshot(widget.page, f"widget/{name}")
    assert await violations(widget.page) == []
    assert await widget.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def _open(visit, look: str, **attributes: str) -> Widget:
    widget = await visit(look=LOOKS[look], placement="floating", **attributes)
    await _judge(widget, f"{look}-closed")
    await widget.button("Open the chat").click()
    await expect(widget.page.get_by_role("note")).to_be_visible()
    await _judge(widget, f"{look}-empty")
    return widget


@pytest.mark.parametrize("look", LOOKS)
async def test_floating(host, visit, look: str) -> None:
    host.scripts = list(TALK)
    widget = await _open(visit, look)
    await widget.ask("How do I return an item that I do not like?")
    await widget.page.locator("aiguy-chat summary").click()
    await _judge(widget, f"{look}-answer")
    await widget.say("Please refund order 1234, it arrived broken")
    await expect(widget.button("Yes, go ahead")).to_be_visible()
    await _judge(widget, f"{look}-card")


@pytest.mark.parametrize("look", ["360-light", "768-dark"])
async def test_while_it_works_and_waits(host, visit, look: str) -> None:
    steps = [
        {"event": "status", "state": "plan", "text": "Reading your message"},
        {"event": "tool", "name": "get_order", "label": "Looking up your order", "phase": "failed"},
        {"event": "tool", "name": "search_kb", "label": "Searching our help pages", "phase": "started"},
    ]
    host.scripts = [[*steps, *chunks("Let me see. ")[:1], Gate()], [card(), card("approval"), Gate()]]
    widget = await visit(look=LOOKS[look], placement="floating", open="")
    await widget.say("Where is it?")
    await expect(widget.button("Stop")).to_be_visible()
    await _judge(widget, f"{look}-working")
    await widget.button("Stop").click()
    await widget.page.locator("aiguy-chat .bubble").first.wait_for()
    await expect(widget.button("Stop")).to_be_hidden()
    await widget.say("Refund it")
    await expect(widget.page.get_by_text("You need not wait here").first).to_be_visible()
    await _judge(widget, f"{look}-approval")


@pytest.mark.parametrize("look", ["360-dark", "768-light"])
async def test_in_trouble_and_with_a_person(host, visit, look: str) -> None:
    host.scripts = [
        answer("Here."),
        [end("I am fetching a person. Your ticket is T-1001.", "handed_over", answering="staff")],
    ]
    widget = await visit(look=LOOKS[look], placement="floating", open="")
    await widget.ask("Hello")
    await widget.button("No, this did not help").click()
    await expect(widget.page.get_by_text("What was wrong?")).to_be_visible()
    await _judge(widget, f"{look}-reasons")
    host.fail("chat", 429, "rate_limited", {"retry-after": "20"})
    await widget.say("And again, and again")
    await expect(widget.button("Try again")).to_be_visible()
    await _judge(widget, f"{look}-failed")
    host.answering = "staff"
    await widget.button("Talk to a person").click()
    await expect(widget.page.get_by_text("A person answers")).to_be_visible()
    host.staff_says("Hello Ada, Kim here. I have your order in front of me and will sort this out.")
    await expect(widget.page.locator("aiguy-chat .items").get_by_text("Kim here.")).to_be_visible(timeout=20_000)
    await _judge(widget, f"{look}-person")
    await widget.button("New conversation").click()
    await expect(widget.page.get_by_text("How was this conversation?")).to_be_visible()
    await _judge(widget, f"{look}-farewell")


@pytest.mark.parametrize("look", ["360-light", "1440-dark"])
async def test_down(host, visit, look: str) -> None:
    host.fail("session", 502)
    widget = await visit(look=LOOKS[look], contact="/contact")
    await expect(widget.button("Try again")).to_be_visible()
    await _judge(widget, f"{look}-down")


@pytest.mark.parametrize(("language", "look"), [("ar", "768-light"), ("ar", "360-dark"), ("de", "360-light")])
async def test_in_other_languages_and_directions(host, visit, language: str, look: str) -> None:
    host.page_lang = language
    said = (
        "يمكنك إرجاع أي منتج خلال 30 يومًا."
        if language == "ar"
        else "Sie können jeden Artikel innerhalb von 30 Tagen zurückgeben."
    )
    host.scripts = [answer(said, citations=TALK[0][-1]["citations"]), TALK[1]]
    widget = await visit(look=LOOKS[look], placement="floating", open="")
    await widget.ask("كيف أرجع منتجًا؟" if language == "ar" else "Wie gebe ich etwas zurück?")
    await widget.say("استرداد" if language == "ar" else "Bitte erstatten")
    await expect(widget.page.locator("aiguy-chat .card .choices")).to_be_visible()
    await _judge(widget, f"{language}-{look}")


async def test_inline_with_a_shops_own_colours(host, visit) -> None:
    host.scripts = list(TALK)
    widget = await visit(
        look=LOOKS["1440-light"], theme="dark", title="Ask Muster & Co", greeting="Hi! What can we do for you?"
    )
    await widget.page.evaluate(
        "() => { const { style } = document.querySelector('aiguy-chat');"
        " style.setProperty('--aiguy-accent', '#ffd24a');"
        " style.setProperty('--aiguy-radius', '4px'); style.setProperty('--aiguy-font', 'Georgia, serif'); }"
    )
    await expect(widget.page.get_by_text("Hi! What can we do for you?")).to_be_visible()
    await widget.ask("How do I return an item?")
    await _judge(widget, "inline-branded")


@pytest.mark.parametrize(
    "accent", ["#ffd24a", "#2f6fed", "#e11d48", "#111111", "#ffffff", "#22c55e", "#7c3aed", "#f97316"]
)
async def test_words_on_any_accent_can_be_read(host, visit, accent: str) -> None:
    widget = await visit()
    await widget.page.evaluate(
        "(accent) => document.querySelector('aiguy-chat').style.setProperty('--aiguy-accent', accent)", accent
    )
    host.scripts = [[card(), Gate()]]
    await widget.say("Refund it")
    await expect(widget.button("Yes, go ahead")).to_be_visible()
    assert await violations(widget.page) == []


async def test_axe_sees_words_that_cannot_be_read(host, visit) -> None:
    widget = await visit()
    await widget.page.evaluate(
        "() => { const { style } = document.querySelector('aiguy-chat');"
        " style.setProperty('--aiguy-accent', '#777777'); style.setProperty('--aiguy-accent-text', '#888888'); }"
    )
    host.scripts = [[card(), Gate()]]
    await widget.say("Refund it")
    await expect(widget.button("Yes, go ahead")).to_be_visible()
    assert any(one.startswith("color-contrast") for one in await violations(widget.page))


async def test_a_theme_that_changes_is_followed(visit) -> None:
    widget = await visit(theme="light")
    paper = "getComputedStyle(document.querySelector('aiguy-chat').shadowRoot.querySelector('.panel')).backgroundColor"
    assert await widget.page.evaluate(paper) == "rgb(255, 255, 255)"
    await widget.page.evaluate("document.querySelector('aiguy-chat').setAttribute('theme', 'dark')")
    assert await widget.page.evaluate(paper) == "rgb(22, 25, 28)"
