"""Answers that come later: what a waiting turn waits for, and the answer's way into its journal."""

from contracts.errors import ProblemCode
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, append_entries, load_entries
from orchestrator.turn.inputs import PlannedCall, ToolFailed, ToolSucceeded
from orchestrator.turn.journal import Recorded
from orchestrator.turn.machine import fold
from orchestrator.turn.state import Phase
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError


async def waiting_call(db: Connection, conversation: Conversation, turn_id: str, codec: Codec) -> PlannedCall | None:
    """The call whose answer the turn waits for; None when it does not wait for one. The caller holds the
    conversation's row lock.
    """
    recorded = await load_entries(db, conversation.sealer, turn_id, codec)
    state = fold((one.turn_input, one.at_ms) for one in recorded).state
    return state.call if state.phase is Phase.WAIT_CALLBACK else None


async def call_back(
    db: Connection, conversation: Conversation, turn_id: str, result: ToolSucceeded | ToolFailed, at_ms: int,
    codec: Codec, lease_s: float | None = None,
) -> None:  # fmt: skip
    """Journal the answer; the turn may go on. Raises ALREADY_DECIDED when it goes on already."""
    inputs = await db.fetchval(
        "UPDATE turns SET status = 'running', leased_until = now() + make_interval(secs => $2)"
        " WHERE id = $1 AND status = 'waiting' RETURNING inputs",
        turn_id, lease_s,
    )  # fmt: skip
    if inputs is None:
        raise ProblemError(ProblemCode.ALREADY_DECIDED, "This call was answered before.")
    await append_entries(db, conversation.sealer, turn_id, inputs, [Recorded(result, at_ms)], codec)
