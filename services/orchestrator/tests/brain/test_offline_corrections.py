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
    ],
)
def test_what_is_said_last_counts_where_it_is_a_correction(text: str, order: str, amount: Amount | None) -> None:
    slots = read_slots(text)
    assert (slots.order_id, slots.amount) == (order, amount)


async def test_the_corrected_amount_is_the_one_that_is_asked_for(ask: Any, offline: OfflineBrain) -> None:
    call = await called(offline, ask("please refund 25 USD of ABC123, sorry, I mean 7.50 USD"))
    assert (call.name, call.arguments["amount_minor"], call.arguments["currency"]) == ("issue_refund", 750, "USD")
