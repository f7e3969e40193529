"""What is negated is not wanted; what only sounds like a no still is."""

from typing import Any

import pytest

from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.negating import without_negated

from .reading import tasks_of, wants

NEGATED = [
    ("en", "I don't need to speak to an agent, please just send me the invoice for ABC123", ["invoice"]),
    ("en", "I never wanted a refund. What is in ABC123?", ["order_content"]),
    ("en", "do not cancel ABC123! only the size has to be changed", ["order_change"]),
    ("en", "rather than a refund for ABC123 please change the colour", ["order_change"]),
    ("en", "no need to open a ticket, where is ABC123", ["order_status"]),
    ("en", "we did not ask to cancel ABC123, we asked where it is", ["order_status"]),
    ("en", "please don't transfer me to a colleague but tell me when ABC123 arrives", ["order_status"]),
    ("en", "I don't want a robot, get me a person", ["human"]),
    ("de", "Ich möchte keine Rückerstattung, wo ist ABC123?", ["order_status"]),
    ("fr", "je ne veux pas de remboursement, où est ABC123", ["order_status"]),
    ("es", "no quiero cancelar, quiero la factura de ABC123", ["invoice"]),
    ("nl", "ik wil geen mens spreken, waar is ABC123", ["order_status"]),
]
WANTED = [
    ("I don't want ABC123 any longer, cancel it please", ["order_change"]),
    ("I have not got my refund for ABC123", ["refund_status"]),
    ("Why won't you refund 12 USD for ABC123, do it now please", ["refund_request"]),
    ("couldn't you cancel ABC123", ["order_change"]),
    ("I don't want to wait any more, put me through to a human", ["human"]),
    ("ABC123 never arrived, where is it", ["order_status"]),
]


@pytest.mark.parametrize(("language", "text", "found"), NEGATED)
async def test_what_is_negated_is_not_wanted(
    language: str, text: str, found: list[str], ask: Any, offline: OfflineBrain
) -> None:
    assert await wants(offline, ask(text), language=language) == found


@pytest.mark.parametrize(("text", "found"), WANTED)
async def test_a_no_about_something_else_takes_nothing_away(
    text: str, found: list[str], ask: Any, offline: OfflineBrain
) -> None:
    assert await wants(offline, ask(text)) == found


@pytest.mark.parametrize("text", ["please do not cancel my order", "I don't want a refund", "no need for a person"])
async def test_who_only_says_what_they_do_not_want_gets_nothing(text: str, ask: Any, offline: OfflineBrain) -> None:
    assert await wants(offline, ask(text)) == ["no"]


async def test_the_order_that_stood_in_what_is_not_wanted_is_still_meant(ask: Any, offline: OfflineBrain) -> None:
    (task,) = await tasks_of(offline, ask("don't cancel XYZ789, I want to know where it is"))
    assert (task.intent, task.slots.order_id) == ("order_status", "XYZ789")


def test_a_message_without_a_no_stays_as_it_is() -> None:
    for text in ("Refund 5 USD of ABC123", "I don't know how to return it", "no refund yet for ABC123", ""):
        assert without_negated(text) == text
