"""Discounts, poems, praise and promises: none of them is a refund, a ticket or a page about something else."""

from typing import Any

import pytest

from orchestrator.brain.offline.brain import OfflineBrain

from .reading import wants


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("is there 5% off for people who come back every year", "knowledge"),
        ("Could you lower the price of the chair a little?", "knowledge"),
        ("compose a poem about my old kettle", "out_of_scope"),
        ("make up a fairy tale about a tent", "out_of_scope"),
        ("kindly tell your packers that the box was a joy to open", "thanks"),
        ("tell the people who wrapped my chair that it was lovely", "thanks"),
        ("promise me that my package arrives on Tuesday", "order_status"),
        ("I want you to guarantee me that the delivery is here tomorrow", "order_status"),
        ("what is keeping my things? where are they", "order_status"),
        ("refund 20% of order ABC123", "refund_request"),
        ("open a ticket: the poem on my mug is misspelled", "open_ticket"),
    ],
)
async def test_it_is_taken_for_what_it_is(text: str, found: str, ask: Any, offline: OfflineBrain) -> None:
    assert await wants(offline, ask(text)) == [found]
