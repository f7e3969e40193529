"""What a fork changes in one turn, and over many: what was proposed, decided, told and cited, approvals, and money."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.money import Money
from contracts.turn import Outcome
from orchestrator.replay.forking import Change, Course, approvals_asked, fork, recorded_course
from orchestrator.replay.recording import Recording
from orchestrator.replay.wishes import Wish, wish_of
from orchestrator.replay.words import came, decided, proposal_words, wanted
from orchestrator.turn.effects import HandOff
from orchestrator.turn.inputs import EffectPreviewed, PlanFailed, PlanMade, PlanRejected
from orchestrator.turn.state import Phase

#: Where a turn ends of which nobody can say how it would have gone on.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Side:
    """How a turn went, in brief. `ended` is its outcome, or where it stands. `approvals`: of staff, for its write."""

    ended: str
    approvals: int
    handed_over: bool

    @property
    def words(self) -> str:
        """How a turn went, in words: `wait approval with 1 of staff to approve`."""
        staff = f" with {self.approvals} of staff to approve" if self.approvals else ""
        return f"{plain(self.ended)}{staff}"


@dataclass(frozen=True, slots=True)
class Told:
    """What the Brain proposed, step by step, what the customer was told, and from which pages. `cost_micros` is what
    the models took for it, in micro-dollars; `brain_failed`: how often none answered.
    """

    proposed: tuple[str, ...]
    answer: str
    cited: tuple[str, ...]
    cost_micros: int = 0
    brain_failed: int = 0


@dataclass(frozen=True, slots=True)
class Forked:
    """A turn as it was and as it would have been. `money` is what the write moves that its customer was asked about, in
    the fork `money_now`. `unknown`: what the fork would have asked for that was not recorded; `wish`: that, where it is
    a write.
    """

    turn_id: str
    was: Side
    now: Side
    money: Money | None
    unknown: str
    same: int
    steps_was: tuple[str, ...]
    steps_now: tuple[str, ...]
    told_was: Told
    told_now: Told
    money_now: Money | None = None
    wish: Wish | None = None

    @property
    def changed(self) -> bool:
        """Whether anything came out differently."""
        return self.was != self.now or bool(self.differs)

    @property
    def differs(self) -> tuple[str, ...]:
        """What came out differently, besides how it ended."""
        was, now = self.told_was, self.told_now
        pairs = {
            "proposals": (was.proposed, now.proposed), "words": (was.answer, now.answer),
            "sources": (was.cited, now.cited), "money": (self.money, self.money_now),
        }  # fmt: skip
        return tuple(name for name, (before, after) in pairs.items() if before != after)

    @property
    def change(self) -> str:
        """What came out differently: `answered → wait approval with 1 of staff to approve, 50.00 USD`."""
        money = f", {self.money}" if self.money is not None else ""
        if self.was == self.now:
            return f"{self.was.words}, with other {' and '.join(self.differs)}{money}"
        return f"{self.was.words} \u2192 {self.now.words}{money}"


def forked(recording: Recording, changes: Sequence[Change]) -> Forked:
    """Runs the turn as it was, and with the changes."""
    return compared(recording, fork(recording, changes))


def compared(recording: Recording, now: Course) -> Forked:
    """The turn as it was, beside this course."""
    was = recorded_course(recording)
    steps_was, steps_now = _steps(was), _steps(now)
    same = next(
        (number for number, pair in enumerate(zip(steps_was, steps_now, strict=False)) if pair[0] != pair[1]),
        min(len(steps_was), len(steps_now)),
    )
    wish = None if now.open is None else wish_of(now.open)
    return Forked(
        recording.turn_id, _side(was), _side(now), _money(was), "" if now.open is None else wanted(now.open), same,
        steps_was, steps_now, _told(was), _told(now), _money(now) or (None if wish is None else wish.money), wish,
    )  # fmt: skip


def _side(course: Course) -> Side:
    handed = any(isinstance(effect, HandOff) for effect in course.effects)
    finish = course.finish
    if finish is not None:
        return Side(finish.outcome.value, approvals_asked(course), handed)
    return Side(_standing(course), approvals_asked(course), handed)


def _standing(course: Course) -> str:
    """Where a turn stands that has not ended; what is certain to follow counts, though its words were not recorded."""
    state = course.state
    if course.open is None:
        return state.phase.value
    if state.phase is Phase.HAND_OFF:
        return Outcome.HANDED_OVER.value
    if state.phase is Phase.PREVIEW and state.registered is not None:
        return Phase.WAIT_APPROVAL.value
    return state.outcome.value if state.said and state.outcome is not None else UNKNOWN


def _told(course: Course) -> Told:
    inputs = [one.turn_input for one, _ in course.steps]
    finish = course.finish
    return Told(
        tuple(proposal_words(one) for one in inputs if isinstance(one, PlanMade | PlanRejected | PlanFailed)),
        "" if finish is None else finish.text,
        () if finish is None else tuple(one.url or one.title for one in finish.citations),
        course.state.usage.cost_micros, sum(isinstance(one, PlanFailed) for one in inputs),
    )  # fmt: skip


def _steps(course: Course) -> tuple[str, ...]:
    return tuple(
        f"{came(one.turn_input)} \u2192 {'; '.join(decided(step.effects)) or 'nothing new'}"
        for one, step in course.steps
    )


def _money(course: Course) -> Money | None:
    previews = (one.turn_input for one, _ in course.steps if isinstance(one.turn_input, EffectPreviewed))
    return next((one.money_moved for one in previews if one.money_moved is not None), None)


@dataclass(slots=True)
class Tally:
    """Counts over many turns; amounts are minor units by currency, costs of models micro-dollars. In `proposals`,
    `answers` and `sources` turns these came out differently; `unknown` end where nothing was recorded.
    """

    turns: int = 0
    changed: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    approvals_more: int = 0
    approvals_less: int = 0
    handovers_more: int = 0
    handovers_less: int = 0
    money_newly_approved: Counter[str] = field(default_factory=Counter)
    money_no_longer_approved: Counter[str] = field(default_factory=Counter)
    proposals: int = 0
    answers: int = 0
    sources: int = 0
    unknown: int = 0
    brain_failed: int = 0
    cost_was: int = 0
    cost_now: int = 0
    money_newly_asked: Counter[str] = field(default_factory=Counter)
    money_no_longer_asked: Counter[str] = field(default_factory=Counter)

    def add(self, one: Forked) -> None:
        """Count a turn."""
        self.turns += 1
        self.cost_was += one.told_was.cost_micros
        self.cost_now += one.told_now.cost_micros
        self.brain_failed += one.told_now.brain_failed > one.told_was.brain_failed
        self.unknown += one.now.ended == UNKNOWN
        if not one.changed:
            return
        self.changed += 1
        if one.was.ended != one.now.ended:
            self.outcomes[one.was.ended, one.now.ended] += 1
        self.handovers_more += one.now.handed_over and not one.was.handed_over
        self.handovers_less += one.was.handed_over and not one.now.handed_over
        self.approvals_more += one.now.approvals > one.was.approvals
        self.approvals_less += one.now.approvals < one.was.approvals
        if one.money is not None and bool(one.now.approvals) != bool(one.was.approvals):
            side = self.money_newly_approved if one.now.approvals else self.money_no_longer_approved
            side[one.money.currency] += one.money.amount_minor
        self.proposals += one.told_was.proposed != one.told_now.proposed
        if not one.unknown:
            self.answers += one.told_was.answer != one.told_now.answer
            self.sources += one.told_was.cited != one.told_now.cited
        if one.money != one.money_now:
            for side, money in ((self.money_no_longer_asked, one.money), (self.money_newly_asked, one.money_now)):
                if money is not None:
                    side[money.currency] += money.amount_minor


def plain(ended: str) -> str:
    """Where a turn ended or stands, without the marks of a name in code."""
    return ended.replace("_", " ")


def amounts(totals: Mapping[str, int]) -> str:
    """`120.00 USD, 5000 JPY`; "nothing" without any."""
    found = (str(Money.model_construct(amount_minor=minor, currency=name)) for name, minor in sorted(totals.items()))
    return ", ".join(found) or "nothing"
