"""Bosses, team leads and calls back are wishes for a person; persons that are only spoken of are none."""

from typing import Any

import pytest

from orchestrator.brain.offline.brain import OfflineBrain

from .reading import wants


@pytest.mark.parametrize(
    "text",
    ["I demand to talk to your superior", "is there a supervisor I can complain to", "could somebody phone me back",
     "have a colleague call me please", "Is there an actual human on duty?", "is someone from the team around",
     "I'd like a callback", "put your boss on", "let me speak with the team leader",
     "no wait, leave it. are there any managers I can complain to?", "I want to lodge a complaint with management"],
)  # fmt: skip
async def test_a_wish_for_a_person_fetches_one(text: str, ask: Any, offline: OfflineBrain) -> None:
    assert await wants(offline, ask(text, "cancel ABC123", "Shall I open a ticket with what you wrote?")) == ["human"]


@pytest.mark.parametrize(
    "text",
    ["Will the courier phone me before he comes?", "can someone else pick up my parcel", "does the tent fit one person",
     "call me when ABC123 is shipped", "your manager told me that ABC123 ships today, where is it",
     "are there people who rent tents from you"],
)  # fmt: skip
async def test_persons_in_a_story_fetch_nobody(text: str, ask: Any, offline: OfflineBrain) -> None:
    assert "human" not in await wants(offline, ask(text))
