"""What a question wants, and an answer that holds it."""

from typing import Any

import pytest

from contracts.turn import FinalMessage, ToolCall
from orchestrator.brain.offline.asking import has_kind, parts_of, wanted_by
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.port import Observation

from .reading import tasks_of

SHIPPING = (
    "Shipping", "shipping",
    "# Shipping\n\nWe send everything with care.\n\n| Option | Cost | Time |\n|---|---|---|\n"
    "| Standard | 5.90 USD | 3 days |\n| Express | 14.90 USD | 1 day |\n\n## Returns by post\n\nA label is in the box.",
)  # fmt: skip
WARRANTY = (
    "Warranty",
    "warranty",
    "# Warranty\n\nWe build things to last. Tents have a warranty of 2 years. Keep the invoice.",
)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [("How long is the warranty?", "period"), ("When will it arrive?", "period"), ("What does express cost?", "price"),
     ("Where is your store?", "place"), ("How do I return it?", "steps"), ("Can I pay later?", "permission"),
     ("How heavy is the tent?", "measure"), ("How long is the bench in cm?", "measure"),
     ("It weighs a lot, who collects it?", "any"), ("Tell me about tents", "any")],
)  # fmt: skip
def test_a_question_wants_a_kind_of_answer(question: str, wanted: str) -> None:
    assert wanted_by(question) == wanted


def test_a_sentence_holds_what_was_asked_for_or_not() -> None:
    assert has_kind("Tents have a warranty of 2 years.", "period")
    assert not has_kind("We build things to last.", "period")
    assert has_kind("It costs 5.90 USD.", "price")
    assert has_kind("Everything above 25 kg is collected.", "measure")
    assert not has_kind("It stands winds of up to 60 km/h.", "measure")
    assert has_kind("You can cancel an order as long as it is not packed.", "permission")
    assert not has_kind("When a payment cannot be confirmed, the order is cancelled.", "permission")


def test_a_question_of_two_parts_is_two_questions() -> None:
    assert parts_of("What does express cost and how long is the warranty?") == [
        "What does express cost", "how long is the warranty?"
    ]  # fmt: skip
    assert parts_of("Do you sell tents and stoves?") == ["Do you sell tents and stoves?"]


async def test_the_row_of_a_table_answers_and_its_quote_is_the_row(
    offline: OfflineBrain, ask: Any, search_result: Any, shown: Any
) -> None:
    question = "What does express cost?"
    draft = await offline.draft(ask(question, observations=(search_result(question, SHIPPING),), tools=()), shown)
    assert "Express, 14.90 USD, 1 day" in draft.text
    assert all(one.quote in SHIPPING[2] for one in draft.citations)


async def test_two_questions_are_two_searches_each_answered_from_its_page_with_its_source(
    offline: OfflineBrain, ask: Any, search_result: Any, shown: Any
) -> None:
    question = "What does express delivery cost and how long is the warranty on a tent?"
    found: tuple[Observation, ...] = ()
    for query, page in (
        ("What does express delivery cost", SHIPPING), ("how long is the warranty on a tent?", WARRANTY),
    ):  # fmt: skip
        call = (await offline.plan(ask(question, observations=found), shown)).proposal
        assert isinstance(call, ToolCall)
        assert (call.name, call.arguments["query"]) == ("search_kb", query)
        found = (*found, search_result(query, page))
    message = (await offline.plan(ask(question, observations=found), shown)).proposal
    assert isinstance(message, FinalMessage)
    assert "14.90 USD" in message.text
    assert "2 years" in message.text
    assert [one.title for one in message.citations] == ["Shipping", "Warranty"]


async def test_a_second_question_that_names_nothing_is_asked_with_the_first(
    offline: OfflineBrain, ask: Any, shown: Any
) -> None:
    plan = await offline.plan(ask("Is it possible to cancel after ordering? How long do I have?"), shown)
    assert isinstance(plan.proposal, ToolCall)
    assert plan.proposal.arguments["query"] == "Is it possible to cancel after ordering? and How long do I have?"


async def test_the_same_question_twice_is_one_search(
    offline: OfflineBrain, ask: Any, search_result: Any, shown: Any
) -> None:
    found = search_result("What does express cost?", SHIPPING)
    plan = await offline.plan(ask("What does express cost? What does express cost?", observations=(found,)), shown)
    assert isinstance(plan.proposal, FinalMessage)


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        (
            "do you take paypal and whats the price of express delivery",
            ["do you take paypal", "whats the price of express delivery"],
        ),
        ("whats the return window, who pays postage", ["whats the return window", "who pays postage"]),
        (
            "i forgot my password. also how do i stop the newsletter",
            ["i forgot my password.", "also how do i stop the newsletter"],
        ),
        ("when I pay by card, how long is my money blocked", ["when I pay by card, how long is my money blocked"]),
        ("do you sell gift cards & where can i use them", ["do you sell gift cards and where can i use them"]),
    ],
)
async def test_each_question_of_a_message_is_looked_for(
    text: str, queries: list[str], ask: Any, offline: OfflineBrain
) -> None:
    assert [one.query for one in await tasks_of(offline, ask(text))] == queries
