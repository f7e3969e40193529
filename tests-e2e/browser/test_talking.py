"""A conversation in the widget: words as they come, sources, ratings, what is kept, what is said aloud."""

import json

import pytest
from playwright.async_api import expect

from e2e.browser import screenshot
from e2e.scripted_host import DISCLOSURE
from e2e.scripted_turns import Gate, answer, chunks, end

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
SOURCES = [
    {"title": "Returns", "url": "https://shop.example/returns", "quote": "You can return items within 30 days."},
    {"title": "For staff", "url": "kb:internal", "quote": "**Refunds** take [five days](https://shop.example/days)."},
]


async def test_an_answer_appears_as_it_comes(host, visit) -> None:
    gates = [Gate(), Gate()]
    first, second = chunks("You can return it ", "**within 30")
    host.scripts = [[first, gates[0], second, gates[1], end("You can return it **within 30 days**.")]]
    widget = await visit()
    await widget.say("How do I return it?")
    await expect(widget.answers).to_have_text("You can return it")
    gates[0].opened.set()
    await expect(widget.answers.locator("strong")).to_have_text("within 30")
    gates[1].opened.set()
    await expect(widget.answers).to_have_text("You can return it within 30 days.")


PROMISE = (
    "Many people are writing to us just now. So that you need not wait here, we will e-mail you the answer, to"
    " a\u2022\u2022\u2022@example.com. It will be in this chat, too."
)


@pytest.mark.parametrize("width", [360, 1440])
async def test_a_promised_e_mail_is_said_plainly_with_nothing_to_rate_and_writing_goes_on(
    host, visit, width: int
) -> None:
    host.scripts = [[end(PROMISE, "later", mailed_to="a\u2022\u2022\u2022@example.com")], answer("Here it is.")]
    widget = await visit(look={"viewport": {"width": width, "height": 740}})
    await widget.say("Where is my order?")
    await expect(widget.answers).to_have_text(PROMISE)
    await expect(widget.page.locator("aiguy-chat .thumbs")).to_have_count(0)
    await screenshot(widget.page, f"widget/later-{width}")
    await widget.say("Are you there?")
    await expect(widget.answers.last).to_contain_text("Here it is.")
    await expect(widget.page.locator("aiguy-chat .thumbs")).to_have_count(1)


async def test_who_answers_is_said_before_anybody_writes(visit) -> None:
    widget = await visit()
    await expect(widget.page.get_by_role("note")).to_have_text(DISCLOSURE)
    await expect(widget.page.get_by_text("The assistant answers")).to_be_visible()
    await expect(widget.button("Talk to a person")).to_be_visible()


async def test_steps_are_told_in_human_words_while_it_works(host, visit) -> None:
    gate = Gate()
    steps = [{"event": "tool", "name": "get_order", "label": "Looking up your order", "phase": "started"}, gate]
    host.scripts = [[*steps, *answer("Here it is.")]]
    host.page_lang = "de"
    widget = await visit()
    await widget.say("Wo ist meine Bestellung?")
    await expect(widget.page.get_by_text("Ihre Bestellung wird nachgesehen")).to_be_visible()
    gate.opened.set()
    await expect(widget.answers).to_have_text("Here it is.")
    await expect(widget.page.get_by_text("Ihre Bestellung wird nachgesehen")).to_have_count(0)


async def test_sources_open_with_their_quotes(host, visit) -> None:
    host.scripts = [answer("Within 30 days.", citations=SOURCES, links={"Invoice (PDF)": "https://shop.example/i.pdf"})]
    widget = await visit()
    await widget.ask("How long?")
    quote = widget.page.get_by_text("You can return items within 30 days.")
    await expect(quote).to_be_hidden()
    await widget.page.get_by_text("2 sources").click()
    await expect(quote).to_be_visible()
    await expect(widget.page.get_by_text("Refunds take five days.", exact=True)).to_be_visible()
    link = widget.page.get_by_role("link", name="Returns")
    assert await link.get_attribute("rel") == "noopener noreferrer nofollow"
    assert await link.get_attribute("target") == "_blank"
    assert await widget.page.get_by_role("link", name="For staff").count() == 0
    await expect(widget.page.get_by_role("link", name="Invoice (PDF)")).to_be_visible()


async def test_twenty_presses_are_one_message(host, visit) -> None:
    gate = Gate()
    host.scripts = [[gate, *answer("Once.")]]
    widget = await visit()
    await widget.box.fill("Hello")
    await widget.page.evaluate(
        "() => { const send = document.querySelector('aiguy-chat').shadowRoot.querySelector('.send');"
        " for (let n = 0; n < 20; n += 1) send.click(); }"
    )
    gate.opened.set()
    await expect(widget.answers).to_have_text("Once.")
    assert len(host.calls["chat"]) == 1
    await expect(widget.questions).to_have_count(1)


async def test_a_reload_keeps_everything(host, visit) -> None:
    host.scripts = [answer("Within 30 days.", citations=SOURCES)]
    widget = await visit()
    await widget.ask("How long?")
    before = await widget.texts()
    await widget.box.fill("half a thought")
    await widget.page.reload()
    await expect(widget.answers).to_have_count(1)
    assert await widget.texts() == before
    await expect(widget.page.get_by_text("2 sources")).to_be_visible()
    await expect(widget.page.get_by_role("note")).to_have_text(DISCLOSURE)
    await expect(widget.box).to_have_value("half a thought")


async def test_a_reload_in_mid_answer_goes_on(host, visit) -> None:
    gate = Gate()
    host.scripts = [[*chunks("Half of it, ")[:1], gate, *answer("Half of it, ", "and the rest.")]]
    widget = await visit()
    await widget.say("Tell me")
    await expect(widget.answers).to_have_text("Half of it,")
    await widget.page.reload()
    await expect(widget.answers).to_have_text("Half of it,")
    gate.opened.set()
    await expect(widget.answers).to_have_text("Half of it, and the rest.")


async def test_a_finished_answer_is_said_aloud_once_and_no_piece_of_it(host, visit) -> None:
    gate = Gate()
    host.scripts = [[*chunks("One ", "two ")[:2], gate, *answer("One ", "two ", "three.")]]
    widget = await visit()
    await widget.page.evaluate(
        "() => { window.heard = []; const root = document.querySelector('aiguy-chat').shadowRoot;"
        " const regions = root.querySelectorAll('[aria-live], [role=log], [role=status]');"
        " window.regions = regions.length;"
        " new MutationObserver(() => { const said = regions[0].textContent; if (said) window.heard.push(said); })"
        ".observe(regions[0], { childList: true, subtree: true, characterData: true }); }"
    )
    await widget.say("Count")
    await expect(widget.answers).to_have_text("One two")
    assert await widget.page.evaluate("window.heard") == []
    gate.opened.set()
    await expect(widget.status).to_have_text("One two three.")
    assert await widget.page.evaluate("window.heard") == ["One two three."]
    assert await widget.page.evaluate("window.regions") == 1


async def test_a_thumb_down_asks_why(host, visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    await widget.button("No, this did not help").click()
    await widget.page.get_by_role("checkbox", name="Not correct").check()
    await widget.page.get_by_placeholder("Anything else? (optional)").fill("It was about shoes.")
    await widget.page.locator("aiguy-chat .reasons").get_by_role("button", name="Send").click()
    await expect(widget.page.get_by_text("Thank you for telling us.").first).to_be_visible()
    first, second = host.calls["feedback"]
    assert first["thumbs"] == second["thumbs"] == "down"
    assert second["tags"] == ["wrong"]
    assert second["comment"] == "It was about shoes."
    await expect(widget.button("No, this did not help")).to_have_attribute("aria-pressed", "true")


async def test_what_was_wrong_stays_written_until_it_is_sent(host, visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    await widget.button("No, this did not help").click()
    words = widget.page.get_by_placeholder("Anything else? (optional)")
    await words.fill("It was about shoes.")
    send = widget.page.locator("aiguy-chat .reasons").get_by_role("button", name="Send")
    host.fail("feedback", 503, "overloaded")
    await send.click()
    await expect(
        widget.page.locator("aiguy-chat .rating").get_by_text("Something went wrong on our side.")
    ).to_be_visible()
    await expect(words).to_have_value("It was about shoes.")
    await widget.button("No, this did not help").click()
    await expect(words).to_have_value("It was about shoes.")
    await send.click()
    await expect(widget.page.get_by_text("Thank you for telling us.").first).to_be_visible()
    await expect(words).to_have_count(0)
    assert host.calls["feedback"][-1]["comment"] == "It was about shoes."


async def test_the_end_of_a_conversation_asks_how_it_was_and_begins_a_new_one(host, visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    await widget.button("Yes, this helped").click()
    await expect(widget.button("Yes, this helped")).to_have_attribute("aria-pressed", "true")
    await widget.button("New conversation").click()
    await widget.button("Good").click()
    await expect(widget.questions).to_have_count(0)
    await expect(widget.page.get_by_text("Hello! How can we help?")).to_be_visible()
    # What was said before goes along: the server keeps the last rating of an answer.
    assert [(one.get("csat"), one.get("thumbs")) for one in host.calls["feedback"]] == [(None, "up"), (4, "up")]
    sessions = {call["session_id"] for call in host.calls["conversations"]}
    assert len(sessions) == 2
    await widget.ask("Again")
    assert host.calls["chat"][-1]["session_id"] != host.calls["chat"][0]["session_id"]


async def test_an_answer_is_mailed_to_who_is_known(host, visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    await widget.button("E-mail me this answer").click()
    await expect(widget.page.get_by_text("On its way to your inbox.").first).to_be_visible()
    assert set(host.calls["email"][0]) == {"conversation_id", "turn_id"}


async def test_a_guest_is_asked_for_the_address(host, visit) -> None:
    host.kind = "guest"
    widget = await visit()
    await widget.ask("Hello")
    await widget.button("E-mail me this answer").click()
    await widget.page.get_by_role("textbox", name="Your e-mail address").fill("ada@example.com")
    await widget.button("Send e-mail").click()
    await expect(widget.page.get_by_text("On its way to your inbox.").first).to_be_visible()
    assert host.calls["email"][0]["address"] == "ada@example.com"


async def test_an_address_stays_written_until_the_mail_is_taken(host, visit) -> None:
    host.kind = "guest"
    widget = await visit()
    await widget.ask("Hello")
    await widget.button("E-mail me this answer").click()
    address = widget.page.get_by_role("textbox", name="Your e-mail address")
    await address.fill("ada@example.com")
    host.fail("email", 503, "overloaded")
    await widget.button("Send e-mail").click()
    await expect(
        widget.page.locator("aiguy-chat .email").get_by_text("Something went wrong on our side.")
    ).to_be_visible()
    await expect(address).to_have_value("ada@example.com")
    await widget.button("Send e-mail").click()
    await expect(widget.page.get_by_text("On its way to your inbox.").first).to_be_visible()
    await expect(address).to_have_count(0)


async def test_a_host_that_cannot_mail_has_no_such_button(host, visit) -> None:
    host.mails = False
    widget = await visit()
    await widget.ask("Hello")
    await expect(widget.button("E-mail me this answer")).to_have_count(0)


async def test_an_answer_can_be_stopped(host, visit) -> None:
    host.scripts = [[*chunks("A very long ")[:1], Gate()]]
    widget = await visit()
    await widget.say("Tell me all")
    await widget.button("Stop").click()
    await expect(widget.answers).to_have_text("I have stopped.")
    await expect(widget.button("Stop")).to_be_hidden()
    assert host.calls["stop"] == [{"conversation_id": host.calls["stop"][0]["conversation_id"], "turn_id": "trn_1"}]


async def test_a_stop_that_failed_can_be_pressed_again(host, visit) -> None:
    host.scripts = [[*chunks("Once upon a time, "), Gate()]]
    widget = await visit()
    await widget.say("Tell me a story")
    await expect(widget.answers).to_have_text("Once upon a time,")
    host.fail("stop", 503, "overloaded")
    await widget.button("Stop").click()
    await expect(widget.page.get_by_text("Something went wrong on our side.")).to_be_visible()
    await widget.button("Stop").click()
    await expect(widget.answers).to_have_text("I have stopped.")
    assert await widget.ask("Hello") == "You said: Hello"


async def test_events_tell_the_page_what_happens_and_no_words(visit) -> None:
    widget = await visit(placement="floating")
    await widget.page.evaluate(
        "() => { window.told = []; for (const name of ['open', 'message', 'ended'])"
        " document.addEventListener(`aiguy:${name}`, (event) => window.told.push([event.type, event.detail])); }"
    )
    await widget.button("Open the chat").click()
    await widget.ask("A secret")
    await widget.button("New conversation").click()
    await widget.button("Skip").click()
    await expect(widget.questions).to_have_count(0)
    told = await widget.page.evaluate("window.told")
    assert [name for name, _ in told] == ["aiguy:open", "aiguy:message", "aiguy:ended"]
    assert "secret" not in json.dumps(told)
