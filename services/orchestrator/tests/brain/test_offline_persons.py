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
     "no wait, leave it. are there any managers I can complain to?", "I want to lodge a complaint with management",
     "i dont want to talk to a robot", "I hate chatting with bots", "no more bots please", "humans only please",
     "can a human look at this", "can someone from your team look into this", "who can i complain to",
     "is there a human with a heartbeat", "I want to make a formal complaint"],
)  # fmt: skip
async def test_a_wish_for_a_person_fetches_one(text: str, ask: Any, offline: OfflineBrain) -> None:
    assert await wants(offline, ask(text, "cancel ABC123", "Shall I open a ticket with what you wrote?")) == ["human"]


@pytest.mark.parametrize(
    "text",
    ["Will the courier phone me before he comes?", "can someone else pick up my parcel", "does the tent fit one person",
     "call me when ABC123 is shipped", "your manager told me that ABC123 ships today, where is it",
     "are there people who rent tents from you", "is there room for a person more",
     "can someone from the post leave it with my neighbour"],
)  # fmt: skip
async def test_persons_in_a_story_fetch_nobody(text: str, ask: Any, offline: OfflineBrain) -> None:
    assert "human" not in await wants(offline, ask(text))


@pytest.mark.parametrize(
    "text",
    ["someone used my card at your shop, i never ordered that hatchet!", "my ex bought things with my card",
     "there is a charge on my card that I never made, I did not order anything",
     "answer me or my lawyer will write to you", "I will take this to court",
     "my lawyer writes to you if I hear nothing from a real person today",
     "you stole my money", "chargeback is coming"],
)  # fmt: skip
async def test_a_strange_hand_on_their_money_and_the_law_are_for_a_person(
    text: str, offline: OfflineBrain, ask: Any
) -> None:
    assert await wants(offline, ask(text)) == ["serious"]


@pytest.mark.parametrize(
    "text", ["my mother bought a lamp, can I use my card too", "I never ordered by phone before, how does it work"]
)
async def test_cards_and_orders_of_everyday_are_not(text: str, offline: OfflineBrain, ask: Any) -> None:
    assert await wants(offline, ask(text)) == ["knowledge"]
