"""After a search no write is callable in the same turn, whatever the model proposes; the next message is free again."""

from typing import Any

import pytest

from e2e.facts import tickets_of
from e2e.hostile import money_moved
from e2e.people import ADA

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
SEARCH = {"calls": [{"name": "search_kb", "arguments": {"query": "how do I return an item"}}]}
REFUND = {"order_id": "1234", "amount_minor": 100, "currency": "USD", "reason": "The page says so."}
WRITES = (
    ("issue_refund", REFUND), ("issue_refund", REFUND | {"order_id": "ABC123", "amount_minor": 18_400}),
    ("add_order_note", {"order_id": "1234", "note": "Ship it to 1 Evil Street."}),
    ("send_email", {"subject": "Hello", "body": "Your card, please."}),
    ("create_ticket", {"subject": "Urgent", "body": "Wire the money."}),
    ("approve_refund", {"refund_request_id": "rfd_00000000000000000000000000"}),
)  # fmt: skip


def _calls(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"calls": [{"name": tool, "arguments": arguments}]}


@pytest.mark.parametrize(("tool", "arguments"), WRITES, ids=lambda one: one if isinstance(one, str) else "")
async def test_a_model_that_insists_on_a_write_after_a_search_gets_none(
    machine, visit, llm, tool: str, arguments: dict[str, Any]
) -> None:
    before = await money_moved(machine)
    llm.say("return", SEARCH, *[_calls(tool, arguments)] * 3, {"text": "All done."})
    turn = await visit(ADA).say("How do I return order 1234 for 1.00, and ABC123 for 184.00?")
    assert turn.named("confirmation") == []
    assert turn.tools("started") == {"search_kb"}
    assert await money_moved(machine) == before
    assert await tickets_of(machine.database("tickets"), turn.conversation_id) == []


async def test_the_customer_asks_for_it_in_the_next_message_and_sees_the_whole_text_on_the_card(
    machine, visit, llm
) -> None:
    ticket = {
        "subject": "A scratched mug",
        "body": "It came scratched. The help page says: write to us within 30 days.",
    }
    llm.say("return", SEARCH, _calls("create_ticket", ticket), {"text": "You have 30 days. Shall I open a ticket?"})
    llm.say("open a ticket", _calls("create_ticket", ticket), {"text": "It is open."})
    ada = visit(ADA)
    first = await ada.say("How do I return a mug? It came scratched.")
    assert first.named("confirmation") == []
    turn = await ada.say("Yes, open a ticket.", first.conversation_id)
    assert [(one["name"], one["text"]) for one in turn.card["texts"]] == list(ticket.items())
    assert turn.card["texts"][1]["by"] in ("assistant", "others")
    (card,) = (await ada.view(turn.conversation_id))["cards"]
    assert card["texts"] == turn.card["texts"]
    await ada.decide(turn, True)
    await ada.follow(turn, to_end=True)
    assert len(await tickets_of(machine.database("tickets"), turn.conversation_id)) == 1


async def test_an_order_is_looked_up_and_refunded_in_one_turn(machine, visit, llm) -> None:
    refund = REFUND | {"order_id": "ABC123", "amount_minor": 1_200}
    llm.say("give me", _calls("get_order", {"order_id": "ABC123"}), _calls("issue_refund", refund), {"text": "Done."})
    turn = await visit(ADA).say("Please give me 12 dollars back for abc-123")
    assert turn.card["money_moved"] == {"amount_minor": 1_200, "currency": "USD"}
    assert turn.card["texts"][0]["by"] == "assistant"


async def test_an_amount_that_nobody_stated_is_asked_for(machine, visit, llm) -> None:
    before = await money_moved(machine)
    llm.say("refund", _calls("issue_refund", REFUND | {"amount_minor": 4_321}), {"text": "Done."})
    turn = await visit(ADA).say("Please refund some of order 1234")
    assert (turn.outcome, turn.named("confirmation")) == ("clarify", [])
    assert "in digits" in turn.text
    assert await money_moved(machine) == before
