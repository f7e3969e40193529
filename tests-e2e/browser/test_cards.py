"""Cards: what the person agrees to, exactly; what a colleague looks at; nothing twice."""

import pytest
from playwright.async_api import expect

from e2e.scripted_turns import Cut, Gate, answer, card, end

pytestmark = [pytest.mark.asyncio(loop_scope="session")]
SUMMARY = "Refund $50.00 of order 1234"


async def _asked(host, visit, *more, **attributes):
    host.scripts = [[card(), *more]]
    widget = await visit(**attributes)
    await widget.say("Refund order 1234 for $50")
    await expect(widget.page.get_by_text(SUMMARY).first).to_be_visible()
    return widget


async def test_a_card_says_exactly_what_will_happen(host, visit) -> None:
    host.scripts = [[card(texts=[{"name": "reason", "text": "Arrived\nbroken", "by": "assistant"}]), Gate()]]
    widget = await visit()
    await widget.say("Refund order 1234 for $50")
    section = widget.page.get_by_role("region", name="Please confirm")
    await expect(section).to_contain_text(SUMMARY)
    await expect(section).to_contain_text("Arrived\nbroken")
    await expect(section).to_contain_text("Written by the assistant.")
    await expect(section).to_contain_text("Open until 12:30")
    await expect(widget.status).to_have_text(f"Please confirm: {SUMMARY}")


@pytest.mark.parametrize(
    ("name", "confirmed", "said"), [("Yes, go ahead", True, "You agreed."), ("No", False, "You declined.")]
)
async def test_a_decision_is_made_once(host, visit, name, confirmed, said) -> None:
    gate = Gate()
    widget = await _asked(host, visit, gate, end("Done."))
    await widget.page.evaluate(
        "(name) => { const root = document.querySelector('aiguy-chat').shadowRoot;"
        " const press = [...root.querySelectorAll('.card button')].find((one) => one.textContent === name);"
        " for (let n = 0; n < 20; n += 1) press.click(); }",
        name,
    )
    await expect(widget.page.get_by_text(said)).to_be_visible()
    gate.opened.set()
    await expect(widget.answers).to_have_text("Done.")
    assert [call["confirmed"] for call in host.calls["confirmations"]] == [confirmed]
    await expect(widget.button("Yes, go ahead")).to_have_count(0)


async def test_a_decision_that_did_not_arrive_can_be_made_again(host, visit) -> None:
    widget = await _asked(host, visit, Gate())
    host.fail("confirmations", 503, "overloaded")
    await widget.button("Yes, go ahead").click()
    await expect(widget.page.get_by_text("Something went wrong on our side.")).to_be_visible()
    await widget.button("Yes, go ahead").click()
    await expect(widget.page.get_by_text("You agreed.")).to_be_visible()


async def test_what_another_tab_decided_is_no_longer_open_here(host, visit) -> None:
    widget = await _asked(host, visit, Gate())
    turn = host.turns["trn_1"]
    turn.decisions.append(False)
    turn.cards = []
    await widget.button("Yes, go ahead").click()
    await expect(widget.page.get_by_text("This is no longer open.")).to_be_visible()


async def test_an_expired_card_cannot_be_pressed(host, visit) -> None:
    gate = Gate()
    widget = await _asked(host, visit, gate, end("The time to confirm is over.", "expired"))
    gate.opened.set()
    await expect(widget.page.get_by_text("This is no longer open.")).to_be_visible()
    await expect(widget.button("Yes, go ahead")).to_have_count(0)


async def test_a_colleague_looks_at_it_and_the_chat_updates_by_itself(host, visit) -> None:
    cut, gate = Gate(), Gate()
    host.scripts = [[card(), card("approval"), cut, Cut(), gate, *answer("Your refund is on its way.")]]
    widget = await visit()
    await widget.say("Refund order 1234 for $200")
    await expect(widget.page.get_by_text("A colleague looks at it").first).to_be_visible()
    await expect(widget.page.get_by_text("You need not wait here").first).to_be_visible()
    cut.opened.set()
    gate.opened.set()
    await expect(widget.answers).to_have_text("Your refund is on its way.", timeout=20_000)
    await expect(widget.page.get_by_text("Our team has looked at it.")).to_be_visible()


async def test_a_card_is_there_after_a_reload(host, visit) -> None:
    gate = Gate()
    widget = await _asked(host, visit, gate, end("Done."))
    await widget.page.reload()
    await widget.button("Yes, go ahead").click()
    gate.opened.set()
    await expect(widget.answers).to_have_text("Done.")


async def test_a_typed_yes_answers_the_card(host, visit) -> None:
    gate = Gate()
    host.scripts = [[card(), gate, end("Done.")], answer("Anything else?")]
    widget = await visit()
    await widget.say("Refund order 1234 for $50")
    await expect(widget.button("Yes, go ahead")).to_be_visible()
    await widget.say("What does that mean?")
    await expect(widget.answers).to_have_text("Anything else?")
    await expect(widget.button("Yes, go ahead")).to_be_visible()


async def test_a_decision_keeps_the_keyboards_place(host, visit) -> None:
    widget = await _asked(host, visit, Gate())
    await widget.button("Yes, go ahead").focus()
    await widget.page.keyboard.press("Enter")
    await expect(widget.page.get_by_text("You agreed.")).to_be_visible()
    focus = "document.querySelector('aiguy-chat').shadowRoot.activeElement?.textContent"
    assert await widget.page.evaluate(focus) == "You agreed."
