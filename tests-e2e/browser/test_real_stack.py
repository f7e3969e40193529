"""The widget on the real stack: what the scripted host plays is what the orchestrator does."""

import json

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Route, expect

from e2e.approving import decide
from e2e.machine import Machine
from e2e.people import ADA, Person, guest, stranger
from e2e.scripted_host import WIDGET
from e2e.shop import paid_order
from onebox.keys import KIM

from .widget import Widget

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
ROUTES = {
    "chat": "/chat", "stream": "/api/agent/stream", "conversations": "/api/agent/conversations",
    "conversation": "/api/agent/conversations/{conversation_id}", "confirmations": "/api/agent/confirmations",
    "handoff": "/api/agent/handoff", "feedback": "/api/agent/feedback", "stop": "/api/agent/stop",
}  # fmt: skip
PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><main><h1>A shop</h1>'
    '<aiguy-chat session="/try/session"></aiguy-chat></main><script src="/try/widget.js"></script></html>'
)


@pytest_asyncio.fixture(loop_scope="session")
async def enter(machine: Machine, chromium: Browser):
    """`await enter(ADA)`: the widget of this person, on a page of the orchestrator's own origin."""
    contexts = []

    async def entering(person: Person) -> Widget:
        visitor = machine.visitor(person)
        session = {
            "visitor": person.subject, "kind": person.role.value, "name": person.name or "", "credentials": "omit",
            "expires_in": 240, "transport": "stream", "routes": ROUTES,
        }  # fmt: skip

        async def play(route: Route) -> None:
            name = route.request.url.rsplit("/", 1)[-1]
            if name == "session":
                headers = {"Authorization": f"Bearer {visitor.token()}"}
                await route.fulfill(content_type="application/json", body=json.dumps(session | {"headers": headers}))
            elif name == "widget.js":
                await route.fulfill(content_type="text/javascript", path=WIDGET)
            else:
                await route.fulfill(content_type="text/html", body=PAGE)

        context = await chromium.new_context(viewport={"width": 768, "height": 900})
        contexts.append((context, visitor))
        context.set_default_timeout(30_000)
        await context.route("**/try/*", play)
        page = await context.new_page()
        await page.goto(f"{machine.stack.url()}/try/page")
        return Widget(page)

    yield entering
    for context, visitor in contexts:
        await context.close()
        await visitor.http.aclose()


async def test_a_guest_gets_an_answer_with_sources_and_a_reload_keeps_all(enter) -> None:
    widget = await enter(guest())
    await expect(widget.page.get_by_role("note")).to_contain_text("AI assistant")
    await widget.ask("How do I return an item?")
    await expect(widget.page.locator("aiguy-chat summary")).to_be_visible()
    await widget.button("Yes, this helped").click()
    await expect(widget.button("Yes, this helped")).to_have_attribute("aria-pressed", "true")
    before = await widget.texts()
    sources = await widget.page.locator("aiguy-chat .sources").inner_text()
    await widget.page.reload()
    await expect(widget.answers).to_have_count(1)
    assert await widget.texts() == before
    assert await widget.page.locator("aiguy-chat .sources").inner_text() == sources
    await expect(widget.button("Yes, this helped")).to_have_attribute("aria-pressed", "true")


async def test_a_customer_asks_for_their_order_in_two_tabs(enter) -> None:
    widget = await enter(ADA)
    answer = await widget.ask("Where is my order ABC123?")
    assert "C123 is on its way" in answer
    page = await widget.page.context.new_page()
    await page.goto(widget.page.url)
    await expect(Widget(page).answers).to_have_text([answer])


async def test_a_refund_is_confirmed_by_the_customer_and_approved_by_a_colleague(machine, enter) -> None:
    shop = await paid_order(machine)
    widget = await enter(shop.person)
    await widget.say(f"Refund order {shop.order} for $200")
    await widget.button("Yes, go ahead").click()
    await expect(widget.page.get_by_text("A colleague looks at it").first).to_be_visible()
    assert await shop.given() == []
    kim = machine.visitor(KIM)
    cards = (await kim.call("GET", "/api/agent/approvals?limit=200")).json()["approvals"]
    card = next(card for card in cards if shop.order in card["summary"])
    assert (await decide(kim, card)).status_code < 300
    await kim.http.aclose()
    await expect(widget.page.get_by_text("Our team has looked at it.")).to_be_visible()
    await expect(widget.answers.last).to_contain_text("200")
    assert await shop.given() == [20_000]


async def test_a_person_takes_over_and_answers_in_the_chat(machine, enter) -> None:
    widget = await enter(stranger())
    await expect(widget.page.get_by_role("note")).to_be_visible()
    async with widget.page.expect_response("**/api/agent/handoff") as answered:
        await widget.button("Talk to a person").click()
    body = json.loads((await answered.value).request.post_data or "{}")
    await expect(widget.page.get_by_text("A person answers")).to_be_visible()
    kim = machine.visitor(KIM)
    said = {"conversation_id": body["conversation_id"], "text": "Hello, Kim here.", "client_message_id": "msg_1"}
    answer = await kim.call("POST", "/api/agent/staff/messages", said)
    assert answer.status_code < 300, answer.text
    await kim.http.aclose()
    await expect(widget.page.get_by_text("Hello, Kim here.", exact=True)).to_be_visible()


async def test_an_answer_streams_and_survives_the_page(machine, enter, llm) -> None:
    text = " ".join(f"Word{number} and word{number}." for number in range(20))
    llm.say("Tell me", {"text": text})
    llm.behave(token_ms=40)
    widget = await enter(stranger())
    await widget.say("Tell me a long story")
    await expect(widget.answers).to_contain_text("Word0 and word0.")
    assert await widget.page.locator("aiguy-chat .answer.live").count() == 1
    await widget.page.reload()
    await expect(widget.page.locator("aiguy-chat .thumbs")).to_be_visible()
    await expect(widget.answers).to_have_text(text)


async def test_an_answer_is_stopped_and_the_conversation_goes_on(enter, llm) -> None:
    llm.say("Tell me", {"text": " ".join(f"Word{number} and word{number}." for number in range(200))})
    llm.behave(token_ms=40)
    widget = await enter(stranger())
    await widget.say("Tell me a long story")
    await expect(widget.answers).to_contain_text("Word0 and word0.")
    async with widget.page.expect_response("**/api/agent/stop") as answered:
        await widget.button("Stop").click()
    assert (await answered.value).status < 300
    await expect(widget.button("Stop")).to_be_hidden()
    llm.reset()
    await widget.ask("How do I return an item?")
    assert not any("Word199" in text for text in await widget.texts())
