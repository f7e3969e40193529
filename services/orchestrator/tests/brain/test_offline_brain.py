"""The Brain without a model, from a message to a call."""

from typing import Any

import pytest

from contracts.errors import ErrorClass
from contracts.turn import ToolCall
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.port import Observation, ToolSpec

from .offline_talk import CONTENT, ORDER, PACKED, SLA, called, said


@pytest.mark.parametrize(
    ("question", "name", "arguments"),
    [
        ("Where is my order ABC123?", "get_order_status", {"order_id": "ABC123"}),
        ("What's in order 1234?", "get_order", {"order_id": "1234"}),
        ("I need the invoice for ABC123", "get_invoice_pdf", {"order_id": "ABC123"}),
        ("INV-2026-0001", "get_invoice_pdf", {"invoice_number": "INV-2026-0001"}),
        ("Where is the order of <email_k7q2m4xd>?", "get_order_status", {"email": "ada@example.com"}),
        ("What's the SLA?", "search_kb", {"query": "What's the SLA?"}),
        ("Refund order 1234 for $50", "issue_refund",
         {"order_id": "1234", "amount_minor": 5000, "currency": "USD", "reason": "Refund order 1234 for $50"}),
        ("I want to talk to a human", "handoff_human",
         {"reason": "customer_asked", "summary": "The customer asked for a person. I want to talk to a human"}),
    ],
)  # fmt: skip
async def test_a_message_becomes_the_right_call(
    question: str, name: str, arguments: dict[str, Any], offline: OfflineBrain, ask: Any
) -> None:
    assert await called(offline, ask(question)) == ToolCall(name=name, arguments=arguments)


async def test_a_search_says_which_channel_it_is_for(offline: OfflineBrain, ask: Any) -> None:
    assert (await called(offline, ask("What's the SLA?", channel="email"))).arguments["channel"] == "email"


async def test_a_yes_to_a_ticket_opens_it_with_the_facts(offline: OfflineBrain, ask: Any) -> None:
    status = Observation("get_order_status", {"order_id": "ABC123"}, PACKED)
    offer = await said(offline, ask("Please take the mug out of my order ABC123", observations=(status,)))
    assert "ABC123" not in offer.text
    call = await called(offline, ask("yes please", "Please take the mug out of my order ABC123", offer.text))
    assert call.name == "create_ticket"
    assert call.arguments["order_id"] == "ABC123"
    assert call.arguments["body"] == "Please take the mug out of my order ABC123"


async def test_who_wants_an_order_changed_hears_first_how_it_stands(offline: OfflineBrain, ask: Any) -> None:
    question = "Please take the mug out of my order ABC123"
    assert await called(offline, ask(question)) == ToolCall(name="get_order_status", arguments={"order_id": "ABC123"})
    found = Observation("get_order_status", {"order_id": "ABC123"}, PACKED)
    message = await said(offline, ask(question, observations=(found,)))
    told, offer = message.text.split("\n\n")
    assert "is being prepared" in told
    assert offer.startswith("I cannot change or cancel orders in this chat. Our team can: shall I open a ticket")
    gone = Observation("get_order_status", {"order_id": "ABC123"}, ORDER)
    message = await said(offline, ask(question, observations=(gone,)))
    told, late = message.text.split("\n\n")
    assert "is on its way" in told
    assert late.startswith("An order that has left can no longer be changed or cancelled.")
    lost = Observation("get_order_status", {"order_id": "ABC123"}, None, ErrorClass.NOT_FOUND, "order_not_found")
    message = await said(offline, ask(question, observations=(lost,)))
    assert "I cannot find that order" in message.text
    assert "I cannot change" not in message.text


async def test_the_change_that_is_wanted_last_is_what_the_ticket_is_about(offline: OfflineBrain, ask: Any) -> None:
    said_before = ("refund XYZ789 please", "How much?", "no wait, only change the address", "Shall I open a ticket?")
    call = await called(offline, ask("yes please, it is 12 Elm Street, Albany", *said_before))
    assert (call.name, call.arguments["subject"]) == ("create_ticket", "Question about an order")


async def test_of_two_orders_the_one_that_is_to_be_changed_counts(offline: OfflineBrain, ask: Any) -> None:
    gone = Observation("get_order_status", {"order_id": "ABC123"}, ORDER)
    packed = Observation("get_order_status", {"order_id": "XYZ789"}, PACKED | {"order_id": "XYZ789"})
    question = "Where is order ABC123? Please cancel XYZ789"
    message = await said(offline, ask(question, observations=(gone, packed)))
    assert "I cannot change or cancel orders in this chat" in message.text
    assert "can no longer be changed" not in message.text


async def test_a_change_is_spoken_of_also_where_another_look_up_finds_nothing(offline: OfflineBrain, ask: Any) -> None:
    status = Observation("get_order_status", {"order_id": "ABC123"}, PACKED)
    missing = Observation("get_refund", {"order_id": "ABC123"}, None, ErrorClass.NOT_FOUND, "not_found")
    question = "please cancel ABC123 and where is my refund for ABC123?"
    message = await said(offline, ask(question, observations=(status, missing)))
    assert "I cannot change or cancel orders in this chat" in message.text


async def test_an_order_that_was_looked_up_is_not_looked_up_again_for_its_change(
    offline: OfflineBrain, ask: Any
) -> None:
    question = "Where is my order ABC123? Please cancel ABC123"
    assert (await called(offline, ask(question))).name == "get_order_status"
    found = Observation("get_order_status", {"order_id": "ABC123"}, ORDER)
    message = await said(offline, ask(question, observations=(found,)))
    assert "is on its way" in message.text
    assert "can no longer be changed" in message.text


async def test_an_amount_without_a_currency_is_in_that_of_the_order(offline: OfflineBrain, ask: Any) -> None:
    question = "refund me 25 for ABC123, the box was filthy"
    assert (await called(offline, ask(question))).name == "get_order"
    paid = CONTENT | {"total": {"amount_minor": 18400, "currency": "GBP"}}
    call = await called(offline, ask(question, observations=(Observation("get_order", {"order_id": "ABC123"}, paid),)))
    assert call.name == "issue_refund"
    assert (call.arguments["amount_minor"], call.arguments["currency"]) == (2500, "GBP")


async def test_what_a_person_must_see_fetches_one_with_its_reason(offline: OfflineBrain, ask: Any) -> None:
    call = await called(offline, ask("your stove burned my daughter and you will hear from our lawyer"))
    assert (call.name, call.arguments["reason"]) == ("handoff_human", "policy")
    assert "burned my daughter" in call.arguments["summary"]


async def test_a_full_refund_is_looked_up_and_then_proposed_with_its_exact_amount(
    offline: OfflineBrain, ask: Any
) -> None:
    question = "I want a full refund for order ABC123"
    assert (await called(offline, ask(question))).name == "get_order"
    looked_up = Observation("get_order", {"order_id": "ABC123"}, CONTENT)
    call = await called(offline, ask(question, observations=(looked_up,)))
    assert (call.name, call.arguments["amount_minor"]) == ("issue_refund", 18400)


@pytest.mark.parametrize("customer", [True, False])
@pytest.mark.parametrize(
    "question",
    ["Where can I find a tracking number?", "For how many years do you store invoices?",
     "How do I get a VAT number onto an invoice?", "When will I hear back once I open a ticket?"],
)  # fmt: skip
async def test_a_question_in_general_is_looked_up_in_the_help_pages_whoever_asks(
    question: str, customer: bool, offline: OfflineBrain, ask: Any
) -> None:
    assert (await called(offline, ask(question, customer=customer))).name == "search_kb"


@pytest.mark.parametrize(
    ("question", "name"),
    [("What's in it?", "get_order"), ("has it been shipped?", "get_order_status"), ("refund it please", "refund")],
)
async def test_it_is_the_order_that_was_spoken_of(question: str, name: str, offline: OfflineBrain, ask: Any) -> None:
    context = ask(question, "Where is order ABC123?", "Your order ••C123 is on its way.")
    if name == "refund":
        assert "How much of order" in (await said(offline, context)).text
    else:
        assert await called(offline, context) == ToolCall(name=name, arguments={"order_id": "ABC123"})


async def test_how_long_it_takes_is_no_question_about_the_order_before(offline: OfflineBrain, ask: Any) -> None:
    context = ask("And how long does it take to Japan?", "Where is order ABC123?", "Your order ••C123 is on its way.")
    assert (await called(offline, context)).name == "search_kb"


@pytest.mark.parametrize("wish", ["I need to open a ticket", "can you create a new support ticket for me please"])
async def test_the_wish_for_a_ticket_says_not_what_it_is_about(wish: str, offline: OfflineBrain, ask: Any) -> None:
    assert "What is it about?" in (await said(offline, ask(wish))).text
    assert (await called(offline, ask(f"{wish}, the zip of my tent broke"))).name == "create_ticket"


@pytest.mark.parametrize(
    ("question", "part"),
    [("Refund order 1234", "How much of order ••1234"), ("Refund $200", "Which order should I refund"),
     ("Where is my order?", "Which order is it about?"), ("my invoice please", "Which order or invoice"),
     ("change my order please", "I cannot change or cancel orders in this chat"), ("are you a bot?", "not a person"),
     ("are you a bot?", "offline"), ("tell me a joke", "outside of what I can help with"), ("hello", "Hello!"),
     ("your shop is horrible", "I am sorry"), ("open a ticket", "What is it about?")],
)  # fmt: skip
async def test_where_no_tool_helps_it_says_so_or_asks(
    question: str, part: str, offline: OfflineBrain, ask: Any, tools: tuple[ToolSpec, ...]
) -> None:
    unlisted = tuple(one for one in tools if one.name != "list_orders")
    assert part in (await said(offline, ask(question, tools=unlisted))).text


@pytest.mark.parametrize("question", ["hjkl fghj", "???", "something is wrong", "i have an issue"])
async def test_who_cannot_be_understood_is_asked_what_it_is_about(
    question: str, offline: OfflineBrain, ask: Any
) -> None:
    message = await said(offline, ask(question))
    assert "what it is about" in message.text
    assert message.asks_back
    assert not message.refuses


@pytest.mark.parametrize("question", ["you are nothing but crooks", "what the fuck is this", "you bunch of morons"])
async def test_an_insult_gets_an_apology_and_the_offer_of_a_person(
    question: str, offline: OfflineBrain, ask: Any
) -> None:
    message = await said(offline, ask(question))
    assert message.text.startswith("I am sorry")
    assert "bring in a person" in message.text


async def test_who_swears_and_names_an_order_hears_where_it_is(offline: OfflineBrain, ask: Any) -> None:
    call = await called(offline, ask("damn it, where the fuck is ABC123"))
    assert call == ToolCall(name="get_order_status", arguments={"order_id": "ABC123"})


@pytest.mark.parametrize("question", ["wen doz ABC123 ariv", "ABC123 pls its urgent", "ABC123 my kids are crying"])
async def test_who_names_an_order_and_says_little_hears_how_it_stands(
    question: str, offline: OfflineBrain, ask: Any
) -> None:
    assert (await called(offline, ask(question))).name in ("get_order_status", "get_order")


async def test_a_guest_who_names_nothing_hears_what_the_help_pages_say_and_may_sign_in(
    offline: OfflineBrain, ask: Any, search_result: Any
) -> None:
    question = "I ordered two weeks ago and nothing has come yet"
    assert (await called(offline, ask(question, customer=False))).name == "search_kb"
    found = search_result(question, SLA)
    message = await said(offline, ask(question, customer=False, observations=(found,)))
    assert message.citations
    assert message.text.endswith("or shall I open a ticket for you?")
    nothing = search_result(question, SLA, answerable=False)
    refused = await said(offline, ask(question, customer=False, observations=(nothing,)))
    assert refused.text.startswith("For your safety")
    assert refused.refuses


@pytest.mark.parametrize("question", ["Where is ABC123?", "invoice for 1234", "Refund order 1234 for $50"])
async def test_a_guest_is_asked_to_sign_in_and_nothing_is_looked_up(
    question: str, offline: OfflineBrain, ask: Any
) -> None:
    message = await said(offline, ask(question, customer=False))
    assert "signed in" in message.text
    assert "ticket" in message.text


@pytest.mark.parametrize(
    ("question", "name"), [("Where is ABC123?", "get_order_status"), ("Whats in 1234?", "get_order")]
)
async def test_a_guest_who_can_prove_an_address_is_looked_up_what_it_opens(
    question: str, name: str, offline: OfflineBrain, ask: Any
) -> None:
    assert (await called(offline, ask(question, customer=False, may_prove=True))).name == name


@pytest.mark.parametrize("question", ["invoice for 1234", "Refund order 1234 for $50", "Cancel order 1234"])
async def test_and_has_to_sign_in_for_all_else(question: str, offline: OfflineBrain, ask: Any) -> None:
    assert "signed in" in (await said(offline, ask(question, customer=False, may_prove=True))).text


async def test_a_refund_that_is_not_offered_here_becomes_the_offer_of_a_ticket(
    offline: OfflineBrain, ask: Any, tools: Any
) -> None:
    without = tuple(tool for tool in tools if tool.name != "issue_refund")
    message = await said(offline, ask("Refund order 1234 for $50", tools=without))
    assert message.text == (
        "I cannot make refunds in this chat. Our team can: "
        "shall I open a ticket with what you wrote about order ••1234?"
    )
    assert message.refuses
