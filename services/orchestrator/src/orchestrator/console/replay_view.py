"""A replayed turn as its page shows it: the verdict, and rows of steps, as they were beside as they would have been."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from orchestrator.console.replaying import Tried
from orchestrator.replay.recording import Recording
from orchestrator.replay.verdicts import WHY_NOT, sentence
from orchestrator.replay.wishes import wish_words
from orchestrator.replay.words import step_words


@dataclass(frozen=True, slots=True)
class Row:
    """A step: what came and was decided, as it was; `now` with the other rules. `first`: the first that differs."""

    number: int
    was: str
    now: str
    differs: bool = False
    first: bool = False
    proven: bool = False
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class TurnView:
    """A turn. `identical` is None when it cannot be replayed; `verdict` says why. `fork`: how it ended, or would.
    `wish`: a write that the fork would have asked for.
    """

    turn_id: str
    conversation_id: str
    began: datetime
    identical: bool | None
    verdict: str
    rows: Sequence[Row]
    fork: tuple[str, str] | None = None
    changed: bool = False
    money: str = ""
    unknown: str = ""
    wish: str = ""
    differs: tuple[str, ...] = ()


def turn_view(recording: Recording, tried: Tried | None, shown: Callable[[str], str]) -> TurnView:
    """The view; `shown` masks, or reveals, what stands for personal data."""
    about = recording.turn_id, recording.conversation_id, recording.began
    if tried is None:
        why = "" if recording.unreadable is None else WHY_NOT[recording.unreadable]
        return TurnView(*about, None, f"It cannot be replayed: {why}", ())
    verdict = tried.verdict
    told = sentence(recording, verdict)
    if tried.fork is None:
        return TurnView(*about, verdict.identical, told, _recorded(tried, shown))
    fork = tried.fork
    return TurnView(
        *about, verdict.identical, told, _beside(fork.steps_was, fork.steps_now, fork.same, shown),
        (fork.was.words, fork.now.words), fork.changed, str(fork.money or ""), shown(fork.unknown),
        "" if fork.wish is None else shown(wish_words(fork.wish)), fork.differs,
    )  # fmt: skip


def _recorded(tried: Tried, shown: Callable[[str], str]) -> list[Row]:
    inputs = tried.recording.inputs
    began_ms, rows = inputs[0].at_ms if inputs else 0, []
    for one in (step_words(step, began_ms) for step in tried.verdict.steps):
        decided = "; ".join(one.decided) or "nothing new"
        rows.append(Row(one.number, shown(f"{one.came} \u2192 {decided}"), "", proven=one.proven, at_ms=one.at_ms))
    return rows


def _beside(was: Sequence[str], now: Sequence[str], same: int, shown: Callable[[str], str]) -> list[Row]:
    return [
        Row(number + 1, shown(left), shown(right), differs=number >= same, first=number == same)
        for number, (left, right) in enumerate(zip_longest(was, now, fillvalue=""))
    ]
