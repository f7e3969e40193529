"""Macros at the console, on the real stack in a browser: what staff say again and again is suggested, then inserted."""

import re

import pytest
from playwright.async_api import Page, expect

from e2e.people import stranger
from e2e.visitor import Visitor

from .test_console import LAPTOP, PHONE, enter, looks_right, open_conversation, visit

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
FIXTURES = (enter, visit)
QUESTIONS = (
    "Do you restring tennis rackets?", "Can you restring my tennis racket?", "Tennis racket restringing, do you do it?",
)  # fmt: skip
ANSWER = "Yes, we restring tennis rackets in our workshop. Send yours to us, it takes about one week."


async def looks_right_everywhere(page: Page, name: str) -> None:
    """On a laptop and on a phone."""
    for viewport in (PHONE, LAPTOP):
        await page.set_viewport_size({"width": viewport["width"], "height": viewport["height"]})
        await looks_right(page, f"console-{name}-{viewport['width']}")


async def wants_a_person(visitor: Visitor, question: str) -> str:
    """A conversation that is with a person, who was asked this."""
    asked = await visitor.say(question)
    await visitor.say("I want to talk to a person", asked.conversation_id)
    return asked.conversation_id


async def test_an_answer_that_comes_again_and_again_is_approved_and_goes_in_with_one_key(visit, enter) -> None:
    kim = await enter("Kim Weber")
    for question in QUESTIONS:
        conversation_id = await wants_a_person(visit(stranger()), question)
        await open_conversation(kim, conversation_id)
        await kim.get_by_label("Answer the customer").fill(ANSWER)
        await kim.get_by_role("button", name="Send answer").click()
        await expect(kim.locator(".thread .staff")).to_contain_text("in our workshop")

    await kim.get_by_role("link", name="Macros").click()
    await kim.get_by_role("button", name="Look now").click()
    suggestion = kim.locator(".suggestion", has_text="tennis racket")
    await expect(suggestion).to_contain_text("3 customers, 3 conversations")
    await expect(suggestion.locator("blockquote")).to_have_text(ANSWER)
    await looks_right_everywhere(kim, "macros")
    await suggestion.get_by_role("link").click()
    await expect(kim.get_by_role("heading", name="A macro for this?")).to_be_visible()
    await expect(kim.get_by_role("link", name="Conversation 3")).to_be_visible()
    await looks_right_everywhere(kim, "macro-suggestion")
    await kim.get_by_label("The answer that colleagues insert").fill(f"Hello {{customer_name}},\n{ANSWER}")
    await kim.get_by_role("button", name="Approve this text").click()
    await expect(kim.get_by_role("button", name="Keep as version 2")).to_be_visible()
    await looks_right_everywhere(kim, "macro")

    visitor = visit(stranger())
    conversation_id = await wants_a_person(visitor, QUESTIONS[0])
    await open_conversation(kim, conversation_id)
    offer = kim.get_by_role("button", name=re.compile("Insert: .*tennis racket", re.IGNORECASE))
    await expect(offer).to_contain_text("to fill in: customer name")
    await kim.keyboard.press("1")
    answer = kim.get_by_label("Answer the customer")
    await expect(answer).to_be_focused()
    await expect(answer).to_have_value(f"Hello {{customer_name}},\n{ANSWER}")
    await looks_right_everywhere(kim, "macro-inserted")
    # Digits are digits while one types.
    await kim.keyboard.type(" 1")
    await expect(answer).to_have_value(f"Hello {{customer_name}},\n{ANSWER} 1")
    # What is open keeps the form here; with the data revealed the name is there.
    await kim.get_by_role("button", name="Send answer").click()
    await expect(kim.locator(".thread .staff")).to_have_count(0)
    await kim.get_by_role("button", name="Reveal personal data").click()
    await expect(offer).not_to_contain_text("to fill in")
    await kim.get_by_label("Answer the customer").focus()
    await kim.keyboard.press("Alt+1")
    await expect(answer).to_have_value(f"Hello Sam Stranger,\n{ANSWER}")
    await kim.get_by_role("button", name="Send answer").click()
    await expect(kim.locator(".thread .staff")).to_contain_text("Hello Sam Stranger")
    assert (await visitor.view(conversation_id))["messages"][-1]["text"] == f"Hello Sam Stranger,\n{ANSWER}"

    await kim.get_by_role("link", name="Macros").click()
    row = kim.locator("tr", has_text="tennis racket")
    await expect(row).to_contain_text("0 of 1")
    await looks_right_everywhere(kim, "macros-approved")
    await row.get_by_role("link").click()
    await kim.get_by_role("button", name="Retire").click()
    await expect(kim.locator("main")).to_contain_text("Retired (1)")
