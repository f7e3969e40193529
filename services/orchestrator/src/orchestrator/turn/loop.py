"""The turn loop: load the journal, fold it, and go on from there until the turn ends or waits for a person.

Each input is appended to the journal before the effects that follow from it run; only pure effects (guards,
phrases) share an append with their cause. Killed anywhere, the loop is simply run again by another worker.
"""

from collections.abc import Callable

from orchestrator.turn.decided import mark_of
from orchestrator.turn.effects import TellingEffect
from orchestrator.turn.journal import Closing, EffectRunner, Recorded, TurnJournal
from orchestrator.turn.machine import Step, fold, reduce
from orchestrator.turn.state import TurnState


async def run_turn(journal: TurnJournal, runner: EffectRunner, now_ms: Callable[[], int]) -> TurnState:
    """Run one turn as far as it goes; returns its state, which has ended or waits.

    Raises JournalConflict when another worker runs the same turn.
    """
    recorded = await journal.load()
    step = fold((one.turn_input, one.at_ms) for one in recorded)
    durable = len(recorded)
    unsaved: list[Recorded] = []
    untold: list[tuple[TellingEffect, TurnState]] = []
    while True:
        asking, closing = step.asking, _closing(step)
        untold += [(effect, step.state) for effect in step.effects if isinstance(effect, TellingEffect)]
        if asking is None or not runner.is_local(asking):
            # A turn may end, or begin to wait, by an input that is in the journal already: a message, a decision.
            if unsaved or closing is not None:
                await journal.append(durable, unsaved, step.state, closing)
                durable += len(unsaved)
                unsaved.clear()
            # Told only when it is durable: what a customer has seen is never decided otherwise after a crash.
            for effect, state in untold:
                await runner.tell(effect, state)
            untold.clear()
        if asking is None:
            return step.state
        turn_input = await runner.ask(asking, step.state)
        now = now_ms()
        unsaved.append(Recorded(turn_input, now, mark_of(step.state.phase, step.effects)))
        step = reduce(step.state, turn_input, now)


def _closing(step: Step) -> Closing | None:
    for effect in step.effects:
        if isinstance(effect, Closing):
            return effect
    return None
