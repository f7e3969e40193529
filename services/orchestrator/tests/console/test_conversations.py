"""The inbox and a conversation: who waits in which order, what is masked, markup of others, taking over in mid-turn."""

import asyncio
from html import escape, unescape
from typing import Any

import pytest

from orchestrator.journal.entries import append_entries
from orchestrator.turn.inputs import PlanMade, PlannedCall, ToolSucceeded
from orchestrator.turn.journal import Recorded

pytestmark = [pytest.mark.service, pytest.mark.asyncio(loop_scope="module")]
MARKUP = "<img src=x onerror=alert(1)><script>alert('x')</script>\"'{{ 7*7 }}</textarea>"
SECRET = "zoe.planted@example.org"


async def journalled(api, turn_id: str, *inputs: Any) -> None:
    """What an engine would have journalled behind the start of a turn."""
    desk = api.app.state.desk
    async with desk.database.transaction() as db:
        conversation = await desk.conversations.by_turn(db, turn_id, lock=True)
        entries = [Recorded(one, 2_000 + place) for place, one in enumerate(inputs)]
        await append_entries(db, conversation.sealer, turn_id, 1, entries, desk.codec)


async def test_who_waits_longest_comes_first_and_leaves_the_list_when_staff_answer(api, enter, with_a_person) -> None:
    kim, first, second = await enter(), await with_a_person(api), await with_a_person(api)
    page = await kim.page("/inbox")
    assert page.index(first) < page.index(second)
    assert "customer asked" in page
    assert "nobody yet" in page
    await kim.post(f"/conversations/{first}/messages", text="Hello", message_id="m-1")
    assert first not in await kim.page("/inbox")
    staffed = await kim.page("/inbox?tab=staff")
    assert first in staffed
    assert "answered by staff_kim" in staffed
    await api.say(first, "Are you still there?", "again")
    assert first in await kim.page("/inbox")
    await kim.post(f"/conversations/{first}/handback")
    assert first not in await kim.page("/inbox") + await kim.page("/inbox?tab=staff")
    assert first in await kim.page("/inbox?tab=bot")


async def test_who_waits_beyond_the_promise_is_marked(api, enter, with_a_person) -> None:
    kim, conversation_id = await enter(), await with_a_person(api)
    change = "UPDATE conversations SET waiting_since = now() - interval '40 minutes' WHERE id = $1"
    assert "late by" not in await kim.page("/inbox")
    await api.db.execute(change, conversation_id)
    assert "late by 25 min" in await kim.page("/inbox")


async def test_pages_of_a_list_follow_each_other_without_gap_or_repeat(api, enter) -> None:
    kim = await enter("viewer")
    begun = [await api.begin(f"cust_{number}") for number in range(60)]
    # Two that began in the same microsecond are told apart by their ids.
    await api.db.execute("UPDATE conversations SET created_at = now() WHERE id = ANY ($1)", begun[40:])
    seen: list[str] = []
    path = "/inbox?tab=bot"
    while path:
        page = await kim.page(path)
        seen += [part.split('"')[0] for part in page.split('id="row-')[1:]]
        path = "/inbox" + page.split('href="/console/inbox')[-1].split('"')[0] if "Next page" in page else ""
    assert len(seen) == len(set(seen))
    assert set(begun) <= set(seen)


async def test_a_channel_alone(api, enter) -> None:
    kim = await enter("viewer")
    answer = await api.post("/api/agent/conversations", {"channel": "email"})
    mailed, web = answer.json()["conversation_id"], await api.begin()
    page = await kim.page("/inbox?tab=bot&channel=email")
    assert (mailed in page, web in page) == (True, False)


async def test_an_erased_conversation_is_in_no_list_and_cannot_be_opened(api, enter) -> None:
    kim, conversation_id = await enter(), await api.begin()
    await api.db.execute("UPDATE conversations SET data_key = NULL, erased_at = now() WHERE id = $1", conversation_id)
    assert conversation_id not in await kim.page("/inbox?tab=bot")
    assert (await kim.get(f"/conversations/{conversation_id}")).status_code == 404


async def test_personal_data_are_masked_until_they_are_revealed_and_for_that_session_alone(api, enter) -> None:
    kim, lee = await enter("agent"), await enter("agent", "staff_lee")
    conversation_id = await api.begin("cust_zoe")
    at = f"/conversations/{conversation_id}"
    turn_id = (await api.post(
        "/api/agent/messages",
        {"conversation_id": conversation_id, "text": f"I am {SECRET}, order 5678", "client_turn_id": "one"},
        subject="cust_zoe",
    )).json()["turn_id"]  # fmt: skip
    assert turn_id
    await kim.post(f"{at}/notes", note=f"Called {SECRET} back")
    for path in (at, f"{at}/live", "/inbox?tab=bot"):
        page = await kim.page(path)
        assert SECRET not in page
        assert "zoe@example.com" not in page
        assert "<email>" in page
    assert (await kim.post(f"{at}/reveal")).status_code == 303
    page = await kim.page(at)
    assert page.count(SECRET) >= 3  # the thread, the steps, the note
    assert SECRET in await kim.page(f"{at}/live")
    assert SECRET not in await lee.page(at)
    assert SECRET not in await kim.page("/inbox?tab=bot")
    await kim.post(f"{at}/hide")
    assert SECRET not in await kim.page(at)
    await kim.post(f"{at}/reveal")
    await api.db.execute("UPDATE console_sessions SET revealed_until = now() WHERE revealed IS NOT NULL")
    assert SECRET not in await kim.page(at)


async def test_markup_of_others_is_text_in_every_field_that_is_shown(api, enter, ask_for_approval) -> None:
    kim, conversation_id = await enter(), await api.begin()
    turn_id = (await api.say(conversation_id, f"Look: {MARKUP}", "one")).json()["turn_id"]
    call = PlannedCall(tool=f"x{MARKUP}", arguments={"note": MARKUP, MARKUP: "k"}, args_hash="1", label=MARKUP)
    await journalled(
        api, turn_id, PlanMade(call=call, model=MARKUP, repairs=(MARKUP,)), ToolSucceeded(output={"o": MARKUP}, ms=3)
    )
    at = f"/conversations/{conversation_id}"
    await kim.post(f"{at}/takeover")
    await kim.post(f"{at}/messages", text=MARKUP, message_id="m-1")
    await kim.post(f"{at}/notes", note=MARKUP)
    await kim.post(f"{at}/reveal")
    asked = await ask_for_approval(api)
    await api.db.execute("UPDATE conversations SET staff_reason = $2 WHERE id = $1", conversation_id, MARKUP)
    pages = [
        (await kim.get(path)).text
        for path in (at, f"{at}/live", "/inbox", "/inbox?tab=staff", "/approvals", "/audit",
                     f"/approvals/{asked.turn_id}/{asked.digest}/deny")
    ]  # fmt: skip
    assert sum(page.count(escape("<img src=x onerror=alert(1)>")) for page in pages) >= 10
    for page in pages:
        assert "<img" not in page
        assert "<script>" not in page
        assert ">49<" not in unescape(page)


async def test_the_steps_of_a_turn_are_told_in_words(api, enter) -> None:
    kim, conversation_id = await enter(), await api.begin()
    turn_id = (await api.say(conversation_id, "Where is it?", "one")).json()["turn_id"]
    call = PlannedCall(tool="get_order_status", arguments={"order_id": "A-77"}, args_hash="1", label="Looking")
    await journalled(api, turn_id, PlanMade(call=call), ToolSucceeded(output={"status": "shipped"}, ms=12, attempts=2))
    page = await kim.page(f"/conversations/{conversation_id}")
    for told in ("Message accepted", "Planned a call: get_order_status", "order_id: A-77", "status: shipped",
                 "12 ms, 2 attempts"):  # fmt: skip
        assert told in page


async def test_a_page_that_has_not_changed_is_not_sent_again(api, enter) -> None:
    kim, conversation_id = await enter(), await api.begin()
    at = f"/conversations/{conversation_id}"
    digest = (await kim.page(at)).split("live?seen=")[1].split('"')[0]
    assert (await kim.get(f"{at}/live?seen={digest}")).status_code == 204
    await api.say(conversation_id, "Hello", "one")
    assert (await kim.get(f"{at}/live?seen={digest}")).status_code == 200


async def test_taking_over_ends_the_turn_that_runs_without_a_word(api, enter, say_silently) -> None:
    kim, conversation_id = await enter("agent"), await api.begin()
    turn_id = (await api.say(conversation_id, "How do I return an item?", "one")).json()["turn_id"]
    call = PlannedCall(tool="search_kb", arguments={"query": "returns"}, args_hash="1", label="Looking")
    await journalled(api, turn_id, PlanMade(call=call))
    answers = await asyncio.gather(*(kim.post(f"/conversations/{conversation_id}/takeover") for _ in range(3)))
    assert [one.status_code for one in answers] == [303] * 3
    kinds = await api.db.fetch("SELECT kind FROM journal WHERE turn_id = $1 ORDER BY turn_seq", turn_id)
    assert [row["kind"] for row in kinds] == ["turn_started", "plan_made", "staff_took_over"]
    # It is to run to its end, without whoever had it before.
    jobs = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'run_turn' AND payload = convert_to($1, 'UTF8')"
    assert await api.db.fetchval(jobs, turn_id) == 2
    assert await say_silently(api, conversation_id)
    await kim.post(f"/conversations/{conversation_id}/handback", note="Over to you")
    assert not await say_silently(api, conversation_id, "One more thing")


async def test_a_change_that_is_under_way_is_not_broken_off_by_taking_over(api, enter, ask_for_approval) -> None:
    kim, asked = await enter("agent"), await ask_for_approval(api)
    await kim.post(f"/conversations/{asked.conversation_id}/takeover")
    kinds = await api.db.fetch("SELECT kind FROM journal WHERE turn_id = $1 ORDER BY turn_seq", asked.turn_id)
    assert [row["kind"] for row in kinds] == ["turn_started"]
    assert await api.db.fetchval("SELECT status FROM turns WHERE id = $1", asked.turn_id) == "waiting"


async def test_an_answer_sent_twice_stands_once_and_none_stands_while_the_bot_answers(api, enter) -> None:
    kim, conversation_id = await enter("agent"), await api.begin()
    at = f"/conversations/{conversation_id}"
    early = await kim.post(f"{at}/messages", text="Hello", message_id="m-1")
    assert early.status_code == 409
    assert "Take the conversation over first" in early.text
    await kim.post(f"{at}/takeover")
    await asyncio.gather(*(kim.post(f"{at}/messages", text="Hello\r\nKim", message_id="m-1") for _ in range(4)))
    shown = (await api.get(f"/api/agent/conversations/{conversation_id}")).json()
    assert [one["text"] for one in shown["messages"] if one["role"] == "staff"] == ["Hello\nKim"]
    for text in ("", "x" * 4001, "a\x00b"):
        assert (await kim.post(f"{at}/messages", text=text, message_id="m-2")).status_code == 422


async def test_a_note_is_for_colleagues_and_no_customer_sees_it(api, enter) -> None:
    kim, conversation_id = await enter("agent"), await api.begin()
    await kim.post(f"/conversations/{conversation_id}/notes", note="Has called twice")
    assert "Has called twice" in await kim.page(f"/conversations/{conversation_id}")
    assert "called twice" not in (await api.get(f"/api/agent/conversations/{conversation_id}")).text
    assert b"called" not in await api.db.fetchval(
        "SELECT note FROM staff_steps WHERE conversation_id = $1", conversation_id
    )


async def test_nobody_of_the_staff_answers_themselves(api, enter) -> None:
    kim, conversation_id = await enter("agent", email="ada@example.com"), await api.begin()
    for step in ("takeover", "handback"):
        assert (await kim.post(f"/conversations/{conversation_id}/{step}")).status_code == 403


async def test_how_long_a_customer_waited_for_the_first_words_stands_with_them(api, enter, with_a_person) -> None:
    kim, conversation_id = await enter(), await with_a_person(api)
    earlier = (
        "UPDATE hand_overs SET asked_at = now() - interval '12 minutes', told_at = now() WHERE conversation_id = $1"
    )
    await api.db.execute(earlier, conversation_id)
    page = await kim.page(f"/conversations/{conversation_id}")
    assert "They were told at" in page
    assert "Time to a person" not in page
    await kim.post(f"/conversations/{conversation_id}/messages", text="Hello", message_id="m-1")
    page = await kim.page(f"/conversations/{conversation_id}")
    assert "Time to a person: 12 min." in page
    assert "They were told at" not in page
    assert "first answer after 12 min" in await kim.page("/inbox?tab=staff")
