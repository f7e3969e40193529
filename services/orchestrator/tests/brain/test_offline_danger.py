"""Who tells of a danger is handed over, whatever else the message names; who asks about safety reads the help pages."""

from typing import Any

import pytest

from orchestrator.brain.offline.brain import OfflineBrain

from .offline_talk import called
from .reading import wants


@pytest.mark.parametrize(
    "text",
    ["The stove of order ABC123 leaks gas, what do I do now?", "where is ABC123? also our tent is on fire",
     "refund 20 USD for ABC123, my daughter burned her arm on it", "yes. and my son swallowed a screw of the lamp",
     "ok thanks. I don't want to live any more"],
)  # fmt: skip
async def test_a_danger_is_a_persons_whatever_order_is_named(text: str, ask: Any, offline: OfflineBrain) -> None:
    call = await called(offline, ask(text, "x", "Would you like me to open a ticket?"))
    assert (call.name, call.arguments["reason"]) == ("handoff_human", "policy")


@pytest.mark.parametrize(
    "text",
    ["Is it dangerous to use the stove in the tent?", "how do I put out the fire in my stove",
     "is the wax poisonous for dogs?", "what should I do if it smells of gas"],
)  # fmt: skip
async def test_a_question_about_safety_fetches_nobody(text: str, ask: Any, offline: OfflineBrain) -> None:
    assert set(await wants(offline, ask(text))) <= {"knowledge", "out_of_scope"}
