"""Who corrects an amount or an order is taken at the last word; other numbers in a message stay what they are."""

from typing import Any

import pytest

from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.slots import Amount, read_slots

from .offline_talk import called


@pytest.mark.parametrize(
    ("text", "order", "amount"),
    [
        ("refund me 40 USD of ABC123, oops i meant 14 USD", "ABC123", Amount(1400, "USD")),
        ("12 dollars back for ABC123. No, make it 9", "ABC123", Amount(900, "USD")),
        ("refund 50 EUR for ABC123, actually 45.50 EUR is enough", "ABC123", Amount(4550, "EUR")),
        ("refund 15 USD for ABC123, wait, rather 20 USD", "ABC123", Amount(2000, "USD")),
        ("10 USD back for ABC123, correction: XYZ789", "XYZ789", Amount(1000, "USD")),
        ("sorry to bother, please refund 10 USD of ABC123", "ABC123", Amount(1000, "USD")),
        ("refund 10 USD of ABC123, I actually paid 30 USD", "ABC123", Amount(1000, "USD")),
        ("refund 10 USD of ABC123, not 30 USD", "ABC123", Amount(1000, "USD")),
        ("refund 10 USD of ABC123, sorry it took me 5 weeks", "ABC123", Amount(1000, "USD")),
        ("I paid 80 USD for ABC123, give me 8 USD back", "ABC123", Amount(8000, "USD")),
        ("where is ABC123? actually it is late", "ABC123", None),
        ("wheres order abc 123", "ABC123", None),
        ("where is A B C 1 2 3", "ABC123", None),
        ("I ordered for 200 people", None, None),
    ],
)
def test_what_is_said_last_counts_where_it_is_a_correction(text: str, order: str | None, amount: Amount | None) -> None:
    slots = read_slots(text)
    assert (slots.order_id, slots.amount) == (order, amount)


async def test_the_corrected_amount_is_the_one_that_is_asked_for(ask: Any, offline: OfflineBrain) -> None:
    call = await called(offline, ask("please refund 25 USD of ABC123, sorry, I mean 7.50 USD"))
    assert (call.name, call.arguments["amount_minor"], call.arguments["currency"]) == ("issue_refund", 750, "USD")


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("7 actually, not 5", 700),
        ("make it 6.50 instead", 650),
        ("no, 8 dollars", 800),
        ("3 then", 300),
        ("sorry, i meant $9", 900),
    ],
)
async def test_another_amount_in_the_next_message_is_the_same_refund(
    text: str, minor: int, ask: Any, offline: OfflineBrain
) -> None:
    for earlier in (("refund 5 dollars of ABC123", ""), ("refund 5 dollars of ABC123", "", "4 then", "")):
        call = await called(offline, ask(text, *earlier))
        found = (call.name, call.arguments["order_id"], call.arguments["amount_minor"], call.arguments["currency"])
        assert found == ("issue_refund", "ABC123", minor, "USD")


@pytest.mark.parametrize("text", ["7 days is too long", "is 7 possible", "the other 7", "2 of them are broken"])
async def test_a_number_that_is_no_amount_changes_no_refund(text: str, ask: Any, offline: OfflineBrain) -> None:
    context = ask(text, "refund 5 dollars of ABC123", "")
    assert await _step(offline, context) != "issue_refund"


async def test_after_something_else_a_number_changes_no_refund(ask: Any, offline: OfflineBrain) -> None:
    earlier = ("refund 5 dollars of ABC123", "Done.", "how long do you keep invoices", "Seven years.")
    assert await _step(offline, ask("7 actually", *earlier)) != "issue_refund"


async def _step(offline: OfflineBrain, context: Any) -> str:
    async def unheard(_piece: str) -> None:
        return

    return getattr((await offline.plan(context, unheard)).proposal, "name", "a message")
