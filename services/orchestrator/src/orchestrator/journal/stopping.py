"""A customer's stop, or a person who takes over, on its way into the journal of a turn, which then ends in a run of its
own.
"""

from dataclasses import dataclass

from contracts.errors import ProblemCode
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.decisions import close_card, wake
from orchestrator.journal.entries import Codec, append_entries, load_entries
from orchestrator.journal.scheduling import run_turn
from orchestrator.turn.inputs import StaffTookOver, StopAsked
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold, reduce
from orchestrator.turn.state import Phase, TurnState
from orchestrator.turn.stopping import may_stop
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

_TURN = "SELECT status, inputs FROM turns WHERE id = $1 AND conversation_id = $2"
_RUNNING = "SELECT id, inputs FROM turns WHERE conversation_id = $1 AND status = 'running' ORDER BY ordinal"
_LEASE = "UPDATE turns SET leased_until = now() + make_interval(secs => $2) WHERE id = $1"


@dataclass(frozen=True, slots=True)
class Stopping:
    """What became of a stop: the inputs that the turn has, and whether it is to run now, to its end."""

    inputs: int
    runs: bool = False


async def stop_turn(
    db: Connection, conversation: Conversation, turn_id: str, at_ms: int, codec: Codec, lease_s: float | None = None
) -> Stopping:
    """Journal the stop, unless it comes too late. The caller holds the conversation's row lock, and runs the turn if it
    gave `lease_s`; without, it is enqueued.

    Raises NOT_FOUND for a turn that is not of this conversation, WAITS_FOR_STAFF for one that staff decide about.
    """
    row = await db.fetchrow(_TURN, turn_id, conversation.id)
    if row is None:
        raise ProblemError(ProblemCode.NOT_FOUND, "There is no such turn in this conversation.")
    status, inputs = row["status"], row["inputs"]
    if status == "ended":
        return Stopping(inputs)
    recorded = await load_entries(db, conversation.sealer, turn_id, codec)
    state = fold((one.turn_input, one.at_ms) for one in recorded).state
    if state.phase is Phase.WAIT_APPROVAL:
        raise ProblemError(ProblemCode.WAITS_FOR_STAFF, "Our team decides about this; it cannot be stopped from here.")
    if not may_stop(state):
        return Stopping(inputs)
    if status != "waiting":
        await append_entries(db, conversation.sealer, turn_id, inputs, [Recorded(StopAsked(), at_ms)], codec)
        if status == "running":
            await _run_again(db, turn_id, lease_s)
        return Stopping(inputs + 1, runs=status == "running")
    await _wake(db, conversation, turn_id, state, at_ms, codec, lease_s)
    return Stopping(inputs + 1, runs=True)


async def silence_turns(
    db: Connection, conversation: Conversation, at_ms: int, codec: Codec, lease_s: float | None = None
) -> tuple[str, ...]:
    """Journal that a person answers from now on in the turns that run and end by it; those turns, which are to run to
    their end now. The caller holds the conversation's row lock, with `lease_s` as in `stop_turn`.
    """
    silenced: list[str] = []
    for row in await db.fetch(_RUNNING, conversation.id):
        recorded = await load_entries(db, conversation.sealer, row["id"], codec)
        state, told = fold((one.turn_input, one.at_ms) for one in recorded).state, StaffTookOver()
        if state.ended or not reduce(state, told, at_ms).state.ended:
            continue
        await append_entries(db, conversation.sealer, row["id"], row["inputs"], [Recorded(told, at_ms)], codec)
        await _run_again(db, row["id"], lease_s)
        silenced.append(row["id"])
    return tuple(silenced)


async def _run_again(db: Connection, turn_id: str, lease_s: float | None) -> None:
    """Whoever runs it at the moment has lost it: nothing of that run can be journalled any more."""
    await db.execute(_LEASE, turn_id, lease_s)
    if lease_s is None:
        await run_turn(db, turn_id)


async def _wake(
    db: Connection, conversation: Conversation, turn_id: str, state: TurnState, at_ms: int, codec: Codec,
    lease_s: float | None,
) -> None:  # fmt: skip
    if state.phase is Phase.WAIT_CONFIRMATION:
        await close_card(db, conversation, turn_id, StopAsked(), "no", at_ms, codec, lease_s=lease_s)
    else:
        await wake(db, conversation, turn_id, StopAsked(), at_ms, codec, lease_s)
