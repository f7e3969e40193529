"""Texts that would like to be programs stay texts, in every place of the real site: nothing of them runs."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from e2e.browser import Watch
from e2e.machine import Machine
from e2e.shop import paid_order
from onebox.agent import new_turn_id
from onebox.keys import KIM, Person
from servicekit.auth.claims import Role

from .browsing import Window, sign_in
from .hostile import PAYLOADS, batches
from .site import Site

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: A chat with each text as its title and its greeting, as the owner's settings and an author's shortcode have them.
_CHATS = r"""
    $html = '';
    foreach ($arguments[0] as $text) {
        update_option('aiguy_settings', ['title' => $text, 'greeting' => $text] + $arguments[1]);
        $html .= \AIGuy\Chat\Front\Chat::html(['placement' => 'inline']);
        $given = ['placement' => 'inline', 'title' => $text, 'greeting' => $text, 'lang' => $text, 'theme' => $text];
        $html .= \AIGuy\Chat\Front\Chat::html($given);
    }
    update_option('aiguy_settings', $arguments[1]);
    $script = \AIGuy\Chat\Front\Assets::address('assets/aiguy-chat.js');
    return $html . "<script type='module' src='$script'></script>";
"""


async def test_there_are_more_than_a_hundred() -> None:
    assert len(set(PAYLOADS)) >= 100


async def test_as_messages_and_found_again(wordpress: Site, watch: Watch) -> None:
    ada, said = Window(watch.page), list(batches(1500))
    await ada.open(wordpress.url)
    for text in said:
        await ada.say(text)
    await watch.page.reload()
    questions = ada.chat.locator("li.question")
    await expect(questions).to_have_count(len(said))
    assert "<script>alert(1)</script>" in await questions.first.inner_text()
    assert await watch.caught() == []


async def test_as_what_a_person_of_the_shop_writes(wordpress: Site, running_machine: Machine, watch: Watch) -> None:
    ada, said = Window(watch.page), list(batches(1500))
    await ada.open(wordpress.url)
    await expect(ada.chat.get_by_role("note")).to_be_visible()
    async with watch.page.expect_response(lambda answer: "handoff" in answer.url) as asked:
        await ada.chat.get_by_role("button", name="Talk to a person").click()
    ids = {"conversation_id": (await asked.value).request.post_data_json["conversation_id"]}
    await expect(ada.chat.get_by_text("A person answers")).to_be_visible(timeout=30_000)
    async with running_machine.visitor(KIM) as kim:
        for text in said:
            done = await kim.call(
                "POST", "/api/agent/staff/messages", {**ids, "text": text, "client_message_id": new_turn_id()}
            )
            assert done.is_success, done.text
    await watch.page.reload()
    told = ada.chat.locator("li.staff")
    await expect(told).to_have_count(len(said))
    assert "alert(1)" in await told.first.inner_text()
    assert await watch.caught() == []


async def test_as_the_reason_on_cards_of_the_customer_and_of_staff(
    wordpress: Site, running_machine: Machine, watch: Watch
) -> None:
    paid = await paid_order(running_machine, person=Person(f"wp_{await wordpress.user_id('ada')}", Role.CUSTOMER))
    ada, reason = Window(watch.page), "the <b>pole</b> <i>broke"
    await ada.open(wordpress.url)
    card = (await ada.say(f"Refund order {paid.order} for $200: {reason}")).get_by_role("region", name="Please confirm")
    await expect(card).to_contain_text(reason)
    await card.get_by_role("button", name="Yes, go ahead").click()
    await expect(ada.chat.get_by_role("region", name="A colleague looks at it")).to_be_visible(timeout=30_000)
    await sign_in(watch.page.context, wordpress, "kim")
    assert await watch.caught() == []
    await watch.page.goto(f"{wordpress.url}/wp-admin/admin.php?page=aiguy-approvals")
    watch.seen.clear()  # this very step to another page
    await expect(watch.page.get_by_role("group").filter(has_text=paid.order)).to_contain_text(reason)
    assert await watch.caught() == []


async def test_as_settings_and_as_attributes(wordpress: Site, set_up: dict[str, Any], watch: Watch) -> None:
    html = await wordpress.run(_CHATS, PAYLOADS, set_up)
    page = wordpress.files / "chats.html"
    await asyncio.to_thread(page.write_text, f'<!doctype html><html lang="en"><meta charset="utf-8">{html}', "utf-8")
    try:
        await watch.page.goto(f"{wordpress.url}/chats.html")
        await expect(watch.page.locator("aiguy-chat")).to_have_count(2 * len(PAYLOADS))
        await expect(watch.page.locator("aiguy-chat h2")).to_have_count(2 * len(PAYLOADS))
    finally:
        await asyncio.to_thread(page.unlink)
    assert await watch.caught() == []
