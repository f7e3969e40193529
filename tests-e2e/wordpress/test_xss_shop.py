"""What the shop's own pages and orders hold stays text in the chat, though it would like to be programs."""

from html import escape
from typing import Any

import pytest
from playwright.async_api import expect

from e2e.browser import Watch
from e2e.llm import Llm
from e2e.machine import Machine
from servicekit.testing import eventually

from .browsing import Window
from .conftest import ChangeSettings
from .goods import ADAS, Order, sell
from .hostile import PAYLOADS, batches
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_PUSH = r"""
    do_action('aiguy_push_knowledge');
    $waiting = AIGuy\Chat\Integrations\KnowledgeQueue::waiting();
    return AIGuy\Chat\Integrations\KnowledgePush::state() + ['waiting' => $waiting];
"""
#: Things that no other page of the tests' shop is about, each with the page that says how to clean it.
THINGS = ("Quxbert", "Zimbolo", "Flarnip", "Mondrake", "Ploverine")
#: Markup that a customer may well type: no guard has a reason to refuse it.
MARKUP = "Ring <b>twice</b> <i title=x>please</i> & thanks"


async def published(site: Site) -> dict[str, str]:
    """Pages whose title and text hold payloads, all in the knowledge base: thing => title."""
    titles, share = {}, len(PAYLOADS) // len(THINGS) + 1
    for number, thing in enumerate(THINGS):
        texts = PAYLOADS[number * share : (number + 1) * share]
        titles[thing] = f"Cleaning the {thing}: {texts[number]}"
        said = "".join(f"<p>Clean the {thing} with {escape(text)} once a week.</p>" for text in texts)
        await site.page(escape(titles[thing]), f"<h2>Cleaning the {thing}</h2>{said}", post_type="post")

    async def pushed() -> dict[str, Any]:
        """One run of the plugin's job sends what it can in its time, and leaves the rest to the next."""
        state: dict[str, Any] = await site.run(_PUSH)
        assert (state["error"], state["waiting"]) == ("", 0)
        return state

    state = await eventually(pushed, 60)
    assert not any(thing in str(state["refused"]) for thing in THINGS)
    return titles


async def test_as_sources(wordpress: Site, settings: ChangeSettings, watch: Watch) -> None:
    await settings(push_knowledge=True)
    titles, ada = await published(wordpress), Window(watch.page)
    await ada.open(wordpress.url)
    for thing, title in titles.items():

        async def named(thing: str = thing, title: str = title) -> bool:
            answer = await ada.say(f"How do I clean the {thing}?")
            await answer.locator("summary").click()
            await expect(answer.locator(".sources")).to_contain_text(title)
            await expect(answer.locator(".sources")).to_contain_text(f"Clean the {thing} with")
            return True

        await eventually(named, 60)
    assert await watch.caught() == []


async def test_as_the_names_of_what_was_ordered(wordpress: Site, running_machine: Machine, watch: Watch) -> None:
    orders = [Order(f"WPX{100 + number}", text, 4500) for number, text in enumerate(PAYLOADS[::20])]
    await sell(running_machine, f"wp_{await wordpress.user_id('ada')}", "ada", orders)
    ada = Window(watch.page)
    await ada.open(wordpress.url)
    for order in orders:
        answer = await ada.say(f"What did I buy with order {order.number}?")
        # Of a tag that does not end the guard leaves out the sentence; what follows it is told.
        await expect(answer).to_contain_text("The total is 45.00 USD." if _is_open(order.item) else "contains: 1 ×")
    assert await watch.caught() == []


def _is_open(name: str) -> bool:
    return name.rfind("<") > name.rfind(">")


async def test_as_a_note_on_an_order(model: Llm, wordpress: Site, watch: Watch) -> None:
    ada = Window(watch.page)
    model.say("ring", {"calls": [noting(MARKUP)]}, {"text": f"It is noted: {MARKUP}"})
    await ada.open(wordpress.url)
    answer = await ada.say(f"Please add to my order {ADAS[0].number}: ring twice")
    card = answer.get_by_role("region", name="Please confirm")
    await expect(card).to_contain_text(MARKUP)
    await card.get_by_role("button", name="Yes, go ahead").click()
    await expect(card).to_contain_text("You agreed.", timeout=30_000)
    await watch.page.reload()
    await expect(ada.answers).to_have_count(1)
    assert await watch.caught() == []


async def test_a_note_that_is_a_program_is_refused(model: Llm, wordpress: Site, watch: Watch) -> None:
    ada, notes = Window(watch.page), list(batches(900))[:2]
    await ada.open(wordpress.url)
    for number, note in enumerate(notes):
        model.say(f"note number {number}x", {"calls": [noting(note)]}, {"text": "It is noted."})
        answer = await ada.say(f"Please add note number {number}x to my order {ADAS[0].number}")
        await expect(answer).to_contain_text("I could not use that as it stands.")
        await expect(answer.get_by_role("region", name="Please confirm")).to_have_count(0)
    assert await watch.caught() == []


def noting(note: str) -> dict[str, object]:
    """The call that adds a note to Ada's order."""
    return {"name": "add_order_note", "arguments": {"order_id": ADAS[0].number, "note": note}}
