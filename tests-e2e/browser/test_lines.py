"""Bad lines: cut, held back, refused, stale, down. No word is lost or doubled, and people are told what they can do."""

import pytest
from playwright.async_api import expect

from e2e.scripted_host import DISCLOSURE
from e2e.scripted_turns import Cut, Gate, answer, chunks, end

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
WORDS = ("One ", "two 👋 ", "three ", "four ", "five.")
WHOLE = "".join(WORDS)


@pytest.mark.parametrize("place", range(len(WORDS) + 1))
async def test_a_stream_that_is_cut_anywhere_loses_and_doubles_nothing(host, visit, place) -> None:
    cut, gate = Gate(), Gate()
    pieces = chunks(*WORDS)
    host.scripts = [[*pieces[:place], cut, Cut(), *pieces[place:], gate, end(WHOLE)]]
    widget = await visit()
    await widget.say("Count")
    if place:
        await expect(widget.answers).to_have_text("".join(WORDS[:place]).strip())
    async with widget.page.expect_request("**/stream?*"):
        cut.opened.set()
    # Judged before the end, whose text would mend anything.
    await gate.reached.wait()
    await expect(widget.answers).to_have_text(WHOLE.strip())
    assert [call["last"] for call in host.calls["stream"]] == [f"1-{place}" if place else ""]
    gate.opened.set()
    await expect(widget.page.locator("aiguy-chat .thumbs")).to_be_visible()


async def test_a_line_that_breaks_again_and_again_is_resumed_each_time(host, visit) -> None:
    host.scripts = [[line for piece in chunks(*WORDS) for line in (piece, Cut())] + [end(WHOLE)]]
    widget = await visit()
    assert await widget.ask("Count") == WHOLE
    assert len(host.calls["chat"]) == 1


async def test_a_stream_that_somebody_holds_back_is_not_waited_for(host, visit) -> None:
    host.holds_streams = True
    widget = await visit()
    await widget.say("Hello")
    await expect(widget.answers).to_have_text("You said: Hello", timeout=20_000)
    assert {call["key"] for call in host.calls["chat"]} == {host.calls["chat"][0]["key"]}
    await expect(widget.questions).to_have_count(1)


async def test_a_host_that_cannot_stream_is_read(host, visit) -> None:
    host.transport = "poll"
    gate = Gate()
    host.scripts = [[gate, *answer("Read, not streamed.")]]
    widget = await visit()
    # The answer is slower than the first look at the conversation, which has its turn already.
    async with widget.page.expect_response("**/conversation?*"):
        await widget.say("Hello")
    await expect(widget.page.get_by_text("Working on your answer")).to_be_visible()
    gate.opened.set()
    await expect(widget.answers).to_have_text("Read, not streamed.")
    assert host.calls["stream"] == []
    assert await widget.ask("And again") == "You said: And again"


async def test_a_stale_session_is_renewed_without_a_word(host, visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    host.nonce += 1
    assert await widget.ask("Still there?") == "You said: Still there?"
    assert len(host.calls["session"]) == 2
    await expect(widget.page.locator("aiguy-chat .trouble")).to_have_count(0)


async def test_a_message_that_failed_is_sent_again_with_the_same_key(host, visit) -> None:
    widget = await visit()
    await expect(widget.page.get_by_role("note")).to_have_text(DISCLOSURE)
    host.fail("chat", 503, "overloaded")
    await widget.say("Hello")
    await expect(widget.page.get_by_text("Not sent. Something went wrong on our side.")).to_be_visible()
    await widget.button("Try again").click()
    await expect(widget.answers).to_have_text("You said: Hello")
    assert host.calls["failed chat"][0]["Idempotency-Key"] == host.calls["chat"][0]["key"]
    await expect(widget.questions).to_have_count(1)


async def test_who_is_too_fast_is_told_when_to_try_again(host, visit) -> None:
    widget = await visit()
    await expect(widget.page.get_by_role("note")).to_have_text(DISCLOSURE)
    host.fail("chat", 429, "rate_limited", {"retry-after": "42"})
    await widget.say("Hello")
    await expect(widget.page.get_by_text("Please try again in 42 seconds.").first).to_be_visible()


async def test_who_is_offline_is_told_so_and_goes_on_later(host, visit) -> None:
    widget = await visit()
    await expect(widget.page.get_by_role("note")).to_have_text(DISCLOSURE)
    await widget.page.context.set_offline(True)
    await widget.say("Hello")
    await expect(widget.page.get_by_text("You seem to be offline.").first).to_be_visible()
    await widget.page.context.set_offline(False)
    await widget.button("Try again").click()
    await expect(widget.answers).to_have_text("You said: Hello")


async def test_a_chat_that_is_down_shows_words_another_try_and_the_pages_own_form(host, visit) -> None:
    host.fail("session", 502)
    widget = await visit(contact="/contact")
    await expect(widget.page.get_by_text("Something went wrong on our side.")).to_be_visible()
    await expect(widget.button("Send it")).to_be_visible()
    assert (
        await widget.page.get_by_role("link", name="Write to us instead").get_attribute("href") == f"{host.url}contact"
    )
    await widget.button("Try again").click()
    await expect(widget.page.get_by_role("note")).to_have_text(DISCLOSURE)
    await expect(widget.button("Send it")).to_be_hidden()
    assert await widget.ask("Hello") == "You said: Hello"


async def test_a_host_that_cannot_be_reached_is_told_of(host, visit) -> None:
    host.down = True
    widget = await visit(placement="floating")
    await widget.button("Open the chat").click()
    await expect(widget.page.get_by_text("The chat cannot be reached right now.")).to_be_visible()


async def test_a_conversation_that_was_erased_can_be_left(host, visit) -> None:
    widget = await visit()
    await widget.ask("Hello")
    host.conversations.clear()
    host.fail("conversations", 404, "not_found")
    await widget.page.reload()
    await expect(widget.page.get_by_text("This conversation is no longer there.")).to_be_visible()
    await widget.page.locator("aiguy-chat .notice").get_by_role("button", name="New conversation").click()
    await expect(widget.page.get_by_role("note")).to_have_text(DISCLOSURE)


async def test_without_javascript_the_pages_own_form_is_there(host, visit) -> None:
    widget = await visit(look={"java_script_enabled": False})
    await expect(widget.button("Send it")).to_be_visible()


async def test_with_the_chat_the_pages_own_form_is_not(visit) -> None:
    widget = await visit()
    await expect(widget.page.get_by_role("note")).to_be_visible()
    await expect(widget.button("Send it")).to_be_hidden()
