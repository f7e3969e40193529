"""How staff and a replay name a card that nobody decided."""

import pytest

from orchestrator.console.words import steps_of
from orchestrator.journal.store import Recorded
from orchestrator.replay.words import came
from orchestrator.turn.inputs import WaitExpired


@pytest.mark.parametrize(
    ("superseded", "console", "replay"),
    [
        (False, "Nobody decided in time", "nobody decided in time"),
        (True, "A newer card took its place", "a newer card took its place"),
    ],
)
def test_a_card_that_ran_out_and_one_that_was_replaced_are_told_apart(
    superseded: bool, console: str, replay: str
) -> None:
    expired = WaitExpired(digest="0" * 64, superseded=superseded)
    (step,) = steps_of([Recorded(expired, 1_000)], str)
    assert (step.title, came(expired)) == (console, replay)
