"""What a span of replayed turns comes to: how many decide as they did, and what other rules would have changed."""

from collections import Counter
from collections.abc import Iterable

from pydantic import BaseModel

from orchestrator.console.replaying import Tried
from orchestrator.replay.comparing import Forked, Tally, amounts, plain
from orchestrator.replay.verdicts import sentence

#: So many turns are named; all are counted.
NAMED = 50
_COUNTED = (
    "approvals_more", "approvals_less", "handovers_more", "handovers_less", "proposals", "answers", "sources",
    "unknown",
)  # fmt: skip
_MONEY = ("money_newly_approved", "money_no_longer_approved", "money_newly_asked", "money_no_longer_asked")


class Named(BaseModel):
    """A turn that stands out, and why."""

    turn_id: str
    conversation_id: str
    why: str


class SpanCounts(BaseModel):
    """Counts so far. `outcomes` are by "was → would be"; amounts are minor units by currency."""

    turns: int = 0
    identical: int = 0
    unreadable: int = 0
    unmarked: int = 0
    different: list[Named] = []
    differing: int = 0
    forked: int = 0
    changed: int = 0
    changes: list[Named] = []
    outcomes: dict[str, int] = {}
    approvals_more: int = 0
    approvals_less: int = 0
    handovers_more: int = 0
    handovers_less: int = 0
    money_newly_approved: dict[str, int] = {}
    money_no_longer_approved: dict[str, int] = {}
    proposals: int = 0
    answers: int = 0
    sources: int = 0
    unknown: int = 0
    money_newly_asked: dict[str, int] = {}
    money_no_longer_asked: dict[str, int] = {}

    @property
    def newly_approved(self) -> str:
        """Money that would need staff and did not, in words."""
        return amounts(self.money_newly_approved)

    @property
    def no_longer_approved(self) -> str:
        """Money that staff agreed to and that would need nobody, in words."""
        return amounts(self.money_no_longer_approved)

    @property
    def newly_asked(self) -> str:
        """Money that would be asked for and was not, in words."""
        return amounts(self.money_newly_asked)

    @property
    def no_longer_asked(self) -> str:
        """Money that was asked for and would not be, in words."""
        return amounts(self.money_no_longer_asked)

    def with_turns(self, turns: int, tried: Iterable[Tried]) -> "SpanCounts":
        """The counts with so many turns more, of which these could be read."""
        found, tally = self.model_copy(deep=True), Tally()
        found.turns += turns
        found.unreadable += turns
        for one in tried:
            found.unreadable -= 1
            found._add_verdict(one)
            if one.fork is not None:
                tally.add(one.fork)
                found._name_change(one.fork, one.recording.conversation_id)
        found._add(tally)
        return found

    def _add_verdict(self, one: Tried) -> None:
        self.identical += one.verdict.identical
        self.differing += not one.verdict.identical
        self.unmarked += one.verdict.unmarked
        if not one.verdict.identical and len(self.different) < NAMED:
            recording = one.recording
            why = sentence(recording, one.verdict)
            self.different.append(Named(turn_id=recording.turn_id, conversation_id=recording.conversation_id, why=why))

    def _name_change(self, one: Forked, conversation_id: str) -> None:
        if one.changed and len(self.changes) < NAMED:
            self.changes.append(Named(turn_id=one.turn_id, conversation_id=conversation_id, why=one.change))

    def _add(self, tally: Tally) -> None:
        self.forked += tally.turns
        self.changed += tally.changed
        named = {f"{plain(was)} \u2192 {plain(now)}": number for (was, now), number in tally.outcomes.items()}
        self.outcomes = dict(Counter(self.outcomes) + Counter(named))
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(tally, name))
        for name in _MONEY:
            setattr(self, name, dict(Counter(getattr(self, name)) + getattr(tally, name)))
