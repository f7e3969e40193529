"""A customer who names no number: their orders are listed, and the one that is meant is found, or asked for."""

from typing import Any

import pytest

from contracts.errors import ErrorClass
from contracts.turn import ToolCall
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.owning import meant
from orchestrator.brain.port import Observation

from .offline_talk import CONTENT, KNOWN, ORDER, PRICE, SLA, called, said

SHIPPED, DELIVERED, OLD = "<order_aaaaaaaa>", "<order_bbbbbbbb>", "<order_cccccccc>"


WHICH = "These are your orders. Which of them is it about?"


def bought(order_id: str, status: str, *names: str) -> dict[str, Any]:
    items = [{"sku": "s", "name": name, "quantity": 1, "unit_price": PRICE} for name in names]
    return CONTENT | {"order_id": order_id, "status": status, "items": items}


STOVE = bought(SHIPPED, "shipped", "Ember gas stove", "Trail hatchet")
BLANKET = bought(DELIVERED, "delivered", "Wool blanket")
MUGS = bought(OLD, "delivered", "Enamel mug", "Garden bench")


def listed(*orders: dict[str, Any]) -> Observation:
    return Observation("list_orders", {}, {"orders": list(orders), "more": False})


CANCELLING = (
    "Change or cancel an order", "change-or-cancel",
    "# Change or cancel an order\n\n## How to cancel my order\n\n1. Open **Orders** in your account.\n"
    "2. Click **Cancel order** and confirm.\n",
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "tool", "order"),
    [("where is my order?", "get_order_status", SHIPPED), ("has my stove left yet", "get_order_status", SHIPPED),
     ("where is my stuff", "get_order_status", SHIPPED), ("wheres all my camping stuff", "get_order_status", SHIPPED),
     ("what did I pay for the blanket order?", "get_order", DELIVERED),
     ("I need the invoice for my blanket", "get_invoice_pdf", DELIVERED),
     ("has the refund for my blanket gone through", "get_refund", DELIVERED),
     ("how much was the blanket", "get_order", DELIVERED),
     ("what was in my last order?", "get_order", SHIPPED)],
)  # fmt: skip
async def test_the_order_that_is_meant_is_looked_up(
    question: str, tool: str, order: str, offline: OfflineBrain, ask: Any
) -> None:
    assert await called(offline, ask(question)) == ToolCall(name="list_orders", arguments={})
    found = await called(offline, ask(question, observations=(listed(STOVE, BLANKET),)))
    assert (found.name, found.arguments["order_id"]) == (tool, KNOWN[order])


async def test_a_refund_of_what_is_named_by_its_item_is_of_that_order(offline: OfflineBrain, ask: Any) -> None:
    question = "please refund me 20 USD for the blanket, it has a stain"
    call = await called(offline, ask(question, observations=(listed(STOVE, BLANKET),)))
    assert (call.name, call.arguments["order_id"], call.arguments["amount_minor"]) == ("issue_refund", "1234", 2000)


@pytest.mark.parametrize(
    ("question", "order", "told"),
    [("please cancel my order", STOVE, "no longer be changed"), ("call off the blanket order", BLANKET, "no longer"),
     ("can you cancel the hatchet order pls", STOVE | {"status": "processing"}, "ticket")],
)  # fmt: skip
async def test_who_cancels_hears_how_their_order_stands_and_how_they_do_it_while_they_can(
    question: str, order: dict[str, Any], told: str, offline: OfflineBrain, ask: Any, search_result: Any
) -> None:
    seen, open_still = listed(order, MUGS), order["status"] == "processing"
    if open_still:
        call = await called(offline, ask(question, observations=(seen,)))
        assert call == ToolCall(name="search_kb", arguments={"query": "cancel my order"})
    found = (search_result("cancel my order", CANCELLING),) * open_still
    message = await said(offline, ask(question, observations=(seen, *found)))
    assert order["order_id"] in message.text
    assert told in message.text
    assert ("Click **Cancel order**" in message.text) is open_still
    assert bool(message.citations) is open_still


@pytest.mark.parametrize("question", ["cancel <order_aaaaaaaa> pls", "Hi, can you cancel order <order_aaaaaaaa>?"])
async def test_who_names_the_order_hears_the_same(
    question: str, offline: OfflineBrain, ask: Any, search_result: Any
) -> None:
    first = await called(offline, ask(question))
    assert (first.name, first.arguments) == ("get_order_status", {"order_id": "ABC123"})
    packed = Observation("get_order_status", first.arguments, STOVE | {"status": "processing"})
    call = await called(offline, ask(question, observations=(packed,)))
    assert call == ToolCall(name="search_kb", arguments={"query": "cancel my order"})
    found = search_result("cancel my order", CANCELLING)
    message = await said(offline, ask(question, observations=(packed, found)))
    for part in ("is being prepared", "Click **Cancel order**", "shall I open a ticket"):
        assert part in message.text
    gone = Observation("get_order_status", first.arguments, STOVE)
    assert "no longer be changed" in (await said(offline, ask(question, observations=(gone,)))).text


async def test_which_order_is_to_be_cancelled_is_asked_where_it_may_be_several(
    offline: OfflineBrain, ask: Any, search_result: Any
) -> None:
    known = listed(STOVE, BLANKET | {"status": "processing"})
    message = await said(
        offline, ask("cancel my order", observations=(known, search_result("cancel my order", CANCELLING)))
    )
    assert WHICH in message.text


@pytest.mark.parametrize(
    "question", ["how long does my refund take", "can I cancel my order?", "when do I get my money back"]
)
async def test_what_is_asked_in_general_is_looked_for_in_the_help_pages(
    question: str, offline: OfflineBrain, ask: Any
) -> None:
    assert (await called(offline, ask(question))).name == "search_kb"


@pytest.mark.parametrize(
    "text", ["You promised my refund 3 weeks ago. Where is it?", "still no refund, I asked twice already",
             "this is the third time i write, when do i get my refund?"],
)  # fmt: skip
async def test_who_asks_for_their_money_again_is_offered_a_person(text: str, offline: OfflineBrain, ask: Any) -> None:
    assert "bring in a person" in (await said(offline, ask(text))).text


async def test_what_is_said_again_goes_on_with_what_was_asked(offline: OfflineBrain, ask: Any) -> None:
    call = await called(offline, ask("austria i said", "how long does a kettle take", "In the US 3 to 5 days."))
    assert call == ToolCall(name="search_kb", arguments={"query": "how long does a kettle take austria i said"})


async def test_where_it_may_be_several_it_asks_and_shows_them(offline: OfflineBrain, ask: Any) -> None:
    question = "what did i order?"
    for other in ("do i have any open orders", "show me all my orders please"):
        assert await called(offline, ask(other)) == ToolCall(name="list_orders", arguments={})
    message = await said(offline, ask(question, observations=(listed(STOVE, BLANKET),)))
    asked, first, second = message.text.split("\n")
    assert (message.asks_back, asked) == (True, WHICH)
    assert first == f"- {SHIPPED} (1 × Ember gas stove, 1 × Trail hatchet) is on its way"
    assert second == f"- {DELIVERED} (1 × Wool blanket) was delivered"
    for answer in ("the second one", "the one with the blanket", "blanket please", f"{DELIVERED}"):
        context = ask(answer, question, message.text, observations=(listed(STOVE, BLANKET),))
        call = await called(offline, context)
        assert (call.name, call.arguments) == ("get_order", {"order_id": "1234"}), answer


async def test_a_new_question_is_no_answer_to_which_order(offline: OfflineBrain, ask: Any) -> None:
    context = ask("do you sell tents?", "what did i order?", WHICH)
    assert (await called(offline, context)).name == "search_kb"
    context = ask("I want to talk to a person", "what did i order?", WHICH)
    assert (await called(offline, context)).name == "handoff_human"


async def test_the_other_one_is_the_one_that_was_not_spoken_of(offline: OfflineBrain, ask: Any) -> None:
    told = f"Your order {SHIPPED} is on its way."
    for question in ("and where is the other order?", "what about the other one", "and my other order"):
        again = ask(question, "where is my order?", told, observations=(listed(STOVE, BLANKET),))
        assert (await called(offline, again)).arguments == {"order_id": "1234"}, question


async def test_the_other_one_is_not_the_one_that_was_named(offline: OfflineBrain, ask: Any) -> None:
    context = ask(
        "and the other one?", f"Where is order {SHIPPED}?", f"Your order {SHIPPED} is on its way.",
        observations=(listed(STOVE, BLANKET),),
    )  # fmt: skip
    assert (await called(offline, context)) == ToolCall(name="get_order_status", arguments={"order_id": "1234"})


async def test_the_order_that_was_told_of_is_remembered(offline: OfflineBrain, ask: Any) -> None:
    told = f"Your order {SHIPPED} is on its way."
    call = await called(offline, ask("what is in it?", "where is my order?", told))
    assert (call.name, call.arguments) == ("get_order", {"order_id": "ABC123"})


async def test_who_has_no_orders_hears_so(offline: OfflineBrain, ask: Any) -> None:
    message = await said(offline, ask("where is my order?", observations=(listed(),)))
    assert message.text.startswith("I find no orders in your account.")


async def test_a_list_that_fails_is_told_as_a_failure(offline: OfflineBrain, ask: Any) -> None:
    failed = Observation("list_orders", {}, None, ErrorClass.TRANSIENT, "circuit_open")
    message = await said(offline, ask("where is my order?", observations=(failed,)))
    assert "I cannot reach our system" in message.text


async def test_a_guest_is_asked_to_sign_in_and_lists_nothing(offline: OfflineBrain, ask: Any) -> None:
    message = await said(offline, ask("where is my order ABC123?", customer=False))
    assert "only when you are signed in" in message.text


@pytest.mark.parametrize(
    "question",
    ["My order ABC123 says delivered but I never got anything", "ABC123 arrived and the tent has a hole in it",
     "Can I still return order ABC123?"],
)  # fmt: skip
async def test_what_is_wrong_with_an_order_is_searched_for_beside_how_it_stands(
    question: str, offline: OfflineBrain, ask: Any
) -> None:
    assert (await called(offline, ask(question))).name == "get_order_status"
    status = Observation("get_order_status", {"order_id": "ABC123"}, ORDER)
    search = await called(offline, ask(question, observations=(status,)))
    assert search.name == "search_kb"
    assert "ABC123" not in search.arguments["query"]


@pytest.mark.parametrize("question", ["and to Norway?", "what about Mexico", "how heavy is it"])
async def test_a_few_words_go_on_with_what_was_asked_before(question: str, offline: OfflineBrain, ask: Any) -> None:
    context = ask(question, "how much is shipping to Canada?", "Canada: 12.90 USD.")
    call = await called(offline, context)
    assert call.name == "search_kb"
    assert "shipping to Canada" in call.arguments["query"]


@pytest.mark.parametrize("question", ["are they good quality though?", "are you guys better than REI?"])
async def test_a_question_is_no_complaint(question: str, offline: OfflineBrain, ask: Any) -> None:
    assert (await called(offline, ask(question, "do you sell tents?", "Yes."))).name == "search_kb"


@pytest.mark.parametrize("question", ["Where is order ABC123?", "What is in ABC123?", "when does ABC123 arrive"])
async def test_who_asks_how_an_order_stands_is_told_that_alone(question: str, offline: OfflineBrain, ask: Any) -> None:
    call = await called(offline, ask(question))
    seen = Observation(call.name, {"order_id": "ABC123"}, CONTENT)
    assert "ABC123" not in (await said(offline, ask(question, observations=(seen,)))).text


@pytest.mark.parametrize(
    ("tool", "question", "part"),
    [("get_invoice_pdf", "invoice for ABC123", "I find no invoice for that order."),
     ("get_refund", "where is my refund for ABC123?", "I find no refund for that order.")],
)  # fmt: skip
async def test_what_an_order_has_not_yet_is_no_mistake_in_its_number(
    tool: str, question: str, part: str, offline: OfflineBrain, ask: Any
) -> None:
    missing = Observation(tool, {"order_id": "ABC123"}, None, ErrorClass.NOT_FOUND, "not_found")
    assert part in (await said(offline, ask(question, observations=(missing,)))).text


@pytest.mark.parametrize(
    ("text", "intent", "orders", "order"),
    [("where is it", "order_status", (STOVE, BLANKET), STOVE), ("where is it", "order_status", (BLANKET, MUGS), None),
     ("where is it", "order_status", (BLANKET,), BLANKET), ("the mugs", "invoice", (STOVE, BLANKET, MUGS), MUGS),
     ("the oldest one", "invoice", (STOVE, BLANKET, MUGS), MUGS),
     ("my money back", "refund_request", (STOVE, MUGS), MUGS),
     ("the other one", "invoice", (STOVE, BLANKET), None), ("the third one", "invoice", (STOVE, BLANKET), None)],
)  # fmt: skip
def test_which_one_is_meant(text: str, intent: str, orders: Any, order: Any) -> None:
    assert meant(text, orders, intent, None) == order


@pytest.mark.parametrize(
    "question",
    ["can I still return the blanket?", "how long do I have to send the blanket back?",
     "is the blanket that I bought covered by the warranty?", "Is it too late to exchange my blanket?"],
)  # fmt: skip
async def test_whether_a_thing_may_still_go_back_is_told_with_the_day_it_came(
    question: str, offline: OfflineBrain, ask: Any, search_result: Any
) -> None:
    assert await called(offline, ask(question)) == ToolCall(name="list_orders", arguments={})
    theirs = listed(STOVE, BLANKET)
    search = await called(offline, ask(question, observations=(theirs,)))
    assert search.name == "search_kb"
    found = search_result(search.arguments["query"], SLA)
    told = (await said(offline, ask(question, observations=(theirs, found)))).text
    assert told.startswith(f"Your order {DELIVERED} was delivered.")
    assert STOVE["order_id"] not in told


async def test_where_the_thing_is_not_known_the_help_pages_alone_answer(offline: OfflineBrain, ask: Any) -> None:
    question = "can I still return the mirror?"
    for orders in ((STOVE,), (BLANKET, MUGS), ()):
        call = await called(offline, ask(question, observations=(listed(*orders),)))
        assert call.name == "search_kb", orders


async def test_a_guest_and_who_asks_in_general_hear_what_the_help_pages_say(offline: OfflineBrain, ask: Any) -> None:
    assert (await called(offline, ask("can I still return the blanket?", customer=False))).name == "search_kb"
    assert (await called(offline, ask("which things can I not return?"))).name == "search_kb"


@pytest.mark.parametrize(
    "question", ["can you add a pillow to my order?", "could you please take the mug out of my order"]
)
async def test_what_we_are_asked_to_change_in_their_order_is_no_question_to_the_help_pages(
    question: str, offline: OfflineBrain, ask: Any
) -> None:
    assert (await called(offline, ask(question))).name == "list_orders"
    assert (await called(offline, ask("Can I change my order?"))).name == "search_kb"


@pytest.mark.parametrize("question", ["does SAVE10 still work?", "my coupon code is PINE25, where do I enter it?"])
async def test_a_word_for_a_discount_is_no_order(question: str, offline: OfflineBrain, ask: Any) -> None:
    assert (await called(offline, ask(question))).name == "search_kb"
    assert (await called(offline, ask("where is order SAVE10?"))).name == "get_order_status"
