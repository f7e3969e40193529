"""What the guards need to know of a turn: what its answer may rest on, and the gate for one that is being written."""

from collections.abc import Iterable

from contracts.turn import Role
from orchestrator.brain.port import Observation
from orchestrator.effects.scope import TurnScope, TurnView
from orchestrator.effects.telling import Teller
from orchestrator.guard.checker import AnswerChecker, Grounds
from orchestrator.guard.gate import Reading, StreamGate
from orchestrator.guard.output.allowed import orders_of, told_by
from orchestrator.turn.state import TurnState

#: States in which what a tool was called for did not happen.
_UNDONE = frozenset(
    f"{name}:{value}" for name in ("status", "state") for value in ("failed", "denied", "expired", "rejected")
)


async def grounds_of(state: TurnState, view: TurnView, scope: TurnScope, *, foreign: bool = False) -> Grounds:
    """What an answer of this turn may rest on, masked like the answer itself but for order numbers."""
    remembered = await scope.remembered()
    # Order numbers are compared by their last four characters, as an answer has them; other tokens stay.
    reveal = view.vault.reveal_orders
    asked = [one.text for one in remembered.history if one.role is Role.CUSTOMER]
    topics = scope.world.topics.get(await scope.language(state))
    return Grounds(
        outputs=[view.vault.reveal_orders_in(one.output) for one in view.observations if one.output is not None],
        foreign=foreign,
        claims=topics.knows if topics is not None else _any_claim, business=scope.world.standing.business,
        ours=scope.world.standing.is_ours, done=done_of(view.observations),
        said=(*(one.text for one in remembered.history if one.role is not Role.CUSTOMER), *scope.world.gateway.notes()),
        asked=tuple(map(reveal, (view.question, *asked))),
    )  # fmt: skip


def is_foreign(text: str, view: TurnView, scope: TurnScope) -> bool | None:
    """Whether an answer is in another language than what it rests on, so that words do not compare; None: unsure."""
    spoken = scope.heard(text)
    if spoken is None:
        return None
    outputs = [one.output for one in view.observations if one.output is not None]
    pages = " ".join(str(one["text"])[:400] for output in outputs for one in output.get("passages", ())[:2])
    return spoken != (scope.heard(pages) or "en")


async def gate_of(state: TurnState, view: TurnView, scope: TurnScope, teller: Teller) -> StreamGate:
    """The gate between a Brain that writes an answer and the customer who reads along."""
    grounds = await grounds_of(state, view, scope)
    reading = Reading(
        checker=lambda: checker_of(grounds, view, scope),
        foreign=lambda text: is_foreign(text, view, scope),
        reveal=view.vault.reveal_orders,
        render=lambda text: view.mask(view.vault.show(text)),
    )
    return StreamGate(
        reading, _unseen if state.shadow else lambda text, offset: teller.chunk(state, text, offset),
        scope.world.clock.monotonic,
    )  # fmt: skip


def checker_of(grounds: Grounds, view: TurnView, scope: TurnScope) -> AnswerChecker:
    """The checks of the turn's answer, made once for the stream and the finished answer."""
    seen = len(view.observations)
    if scope.checker is None or scope.checker[0] != seen:
        scope.checker = (seen, AnswerChecker(grounds, scope.world.output))
    return scope.checker[1]


def done_of(observations: Iterable[Observation]) -> frozenset[str]:
    """The tools that did what they were called for, and the states that they told, as `field:value`."""
    done: set[str] = set()
    for one in observations:
        if one.output is None:
            continue
        told = told_by(one.output)
        if _UNDONE.isdisjoint(told):
            done.add(one.tool)
        done |= told.union(*map(told_by, orders_of(one.output)))
    return frozenset(done)


async def _unseen(_text: str, _offset: int) -> None:
    """In shadow mode nobody reads along."""


def _any_claim(_text: str) -> bool:
    """In a language that we know nothing of, every sentence may be a claim."""
    return True
