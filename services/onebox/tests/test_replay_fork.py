"""Which turns are forked, and what is said of those that cannot be."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from contracts.turn import FinalMessage
from onebox.fork_options import Forks
from onebox.replay_fork import SHOWN, UNTRIED, Books, show_forks
from orchestrator.replay.recording import Damage, Recording, Row, Unreadable
from orchestrator.turn.inputs import Guarded, PlanMade, TurnStarted
from orchestrator.turn.journal import Recorded

INPUTS = (
    Recorded(TurnStarted(text="Hello", customer=True, channel="web"), 1),
    Recorded(PlanMade(message=FinalMessage(text="Hello.")), 2), Recorded(Guarded(verdict="pass", text="Hello."), 3),
)  # fmt: skip
WHOLE = Recording(
    "trn_1", "cnv_1", datetime(2026, 11, 23, tzinfo=UTC), "ended", Row(3, "answered", "", 0, 0, 0), INPUTS
)  # fmt: skip
ERASED = replace(WHOLE, turn_id="trn_2", inputs=(), unreadable=Unreadable.ERASED)
DAMAGED = replace(WHOLE, turn_id="trn_3", inputs=INPUTS[:1], damage=Damage(2, "it is no input that this release knows"))


async def shown(*turns: Recording, whole: bool, as_json: bool = False) -> tuple[int, str, str]:
    """The exit code, what was printed, and what beside it."""

    async def chosen() -> AsyncIterator[Recording]:
        for one in turns:
            yield one

    nobody: Any = None
    out, aside = (Console(file=io.StringIO(), width=200) for _ in range(2))
    books = Books(nobody, nobody, nobody)
    code = await show_forks(chosen(), Forks(), books, out, aside, whole=whole, as_json=as_json)
    return code, out.file.getvalue(), aside.file.getvalue()  # type: ignore[attr-defined]


async def test_who_was_erased_is_left_out_and_it_is_said() -> None:
    code, said, aside = await shown(WHOLE, ERASED, whole=False)
    assert (code, said.splitlines()[0]) == (SHOWN, "0 of 1 turns would have gone otherwise.")
    assert aside == "Left out: 1 turns that cannot be read (under way, erased, no key), 0 damaged.\n"
    assert (await shown(ERASED, whole=True))[0] == UNTRIED


async def test_a_turn_that_this_release_cannot_read_is_no_success() -> None:
    code, _, aside = await shown(WHOLE, DAMAGED, whole=False)
    assert (code, "1 damaged" in aside) == (UNTRIED, True)


@pytest.mark.parametrize("whole", [True, False])
async def test_programs_get_lines_of_json_alone(whole: bool) -> None:
    code, said, _ = await shown(WHOLE, whole=whole, as_json=True)
    assert code == SHOWN
    assert said.startswith('{"')
    assert said.count("\n") == 1
    assert ('"steps_was"' in said) is whole
