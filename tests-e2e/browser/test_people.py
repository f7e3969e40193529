"""People in the conversation: one who takes over, tabs of the same visitor, another visitor in the same browser."""

import pytest
from playwright.async_api import expect

from e2e.scripted_turns import Gate, answer, chunks, end

pytestmark = [pytest.mark.asyncio(loop_scope="session")]


async def test_a_person_is_one_press_away_and_their_words_come_by_themselves(host, visit) -> None:
    host.scripts = [
        [end("I am fetching a person.", "handed_over", answering="staff")],
        [end("", "with_staff", answering="staff")],
    ]
    host.answering = "staff"
    widget = await visit()
    await widget.button("Talk to a person").click()
    await expect(widget.answers).to_have_text("I am fetching a person.")
    await expect(widget.page.get_by_text("A person answers")).to_be_visible()
    await widget.say("Are you there?")
    await expect(widget.page.get_by_text("Our team has your message and will answer here.").last).to_be_visible()
    host.staff_says("Hello, **Kim** here.")
    await expect(widget.page.get_by_text("Hello, Kim here.", exact=True)).to_be_visible(timeout=20_000)
    await expect(widget.page.get_by_text("A person from our team").first).to_be_visible()
    # Whoever is asked how it was is not asked to write meanwhile, whatever the thread brings.
    await widget.button("New conversation").click()
    await expect(widget.button("Skip")).to_be_visible()
    host.staff_says("One more thing.")
    await expect(widget.page.get_by_text("One more thing.", exact=True)).to_be_visible(timeout=20_000)
    await expect(widget.box).to_be_hidden()
    host.answering = "bot"
    await expect(widget.page.get_by_text("The assistant answers")).to_be_visible(timeout=30_000)
    assert len(host.calls["handoff"]) == 1


async def test_two_tabs_have_one_conversation(host, visit) -> None:
    first = await visit()
    await first.ask("Hello")
    second = await first.another_tab()
    await expect(second.answers).to_have_text("You said: Hello")
    await second.ask("From the other tab")
    await expect(first.answers).to_have_count(2)
    assert await first.texts() == await second.texts()
    assert len({call["session_id"] for call in host.calls["chat"]}) == 1


async def test_a_new_conversation_is_new_in_all_tabs(host, visit) -> None:
    first = await visit()
    await first.ask("Hello")
    second = await first.another_tab()
    await expect(second.answers).to_have_count(1)
    await second.button("New conversation").click()
    await second.button("Skip").click()
    await expect(second.questions).to_have_count(0)
    await expect(first.questions).to_have_count(0)
    await second.ask("Afresh")
    await expect(first.answers).to_have_text("You said: Afresh")


async def test_who_is_asked_how_it_was_does_not_leave_the_new_one_of_another_tab(host, visit) -> None:
    first = await visit()
    await first.ask("Hello")
    second = await first.another_tab()
    await expect(second.answers).to_have_count(1)
    await first.button("New conversation").click()
    await expect(first.button("Skip")).to_be_visible()
    await second.button("New conversation").click()
    await second.button("Skip").click()
    await expect(first.questions).to_have_count(0)
    await expect(first.button("Skip")).to_have_count(0)
    await expect(first.box).to_be_visible()


async def test_an_answer_streams_in_both_tabs(host, visit) -> None:
    gate = Gate()
    first = await visit()
    await first.ask("Hello")
    second = await first.another_tab()
    await expect(second.answers).to_have_count(1)
    host.scripts = [[*chunks("Half, ")[:1], gate, *answer("Half, ", "whole.")]]
    await first.say("Both of you")
    await expect(second.answers.last).to_have_text("Half,")
    gate.opened.set()
    await expect(second.answers.last).to_have_text("Half, whole.")
    await expect(first.answers.last).to_have_text("Half, whole.")


async def test_another_person_sees_nothing_of_the_one_before(host, visit) -> None:
    widget = await visit()
    await widget.ask("A secret of Ada")
    host.visitor = "v_ben"
    await widget.page.evaluate("document.querySelector('aiguy-chat').renew()")
    await expect(widget.questions).to_have_count(0)
    await widget.ask("Hello")
    assert len({call["session_id"] for call in host.calls["chat"]}) == 2
    host.visitor = "v_ada"
    await widget.page.evaluate("document.querySelector('aiguy-chat').renew()")
    await expect(widget.questions).to_have_text("A secret of Ada")


async def test_who_signs_out_elsewhere_is_somebody_else_here_too(host, visit) -> None:
    widget = await visit()
    await widget.ask("A secret of Ada")
    host.visitor, host.nonce = "v_guest", 2
    await widget.say("Hello?")
    await expect(widget.page.get_by_text("A secret of Ada")).to_have_count(0)


async def test_nothing_that_was_said_is_kept_in_the_browser(host, visit) -> None:
    widget = await visit()
    await widget.ask("A secret of Ada")
    kept = await widget.page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")
    assert "secret" not in kept
    assert "nonce" not in kept
