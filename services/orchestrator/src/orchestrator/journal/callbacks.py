"""Answers that come later: what a waiting turn waits for, and the answer's way into its journal."""

from collections.abc import Sequence

from contracts.errors import ProblemCode
from orchestrator.guard.vault import Held
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.decisions import wake
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.turn.inputs import PlannedCall, ToolFailed, ToolSucceeded
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
    codec: Codec, lease_s: float | None = None, held: Sequence[Held] = (),
) -> None:  # fmt: skip
    """Journal the masked answer, with what its tokens stand for; the turn goes on as `wake` says.

    Raises ALREADY_DECIDED when it goes on already.
    """
    if await wake(db, conversation, turn_id, result, at_ms, codec, lease_s, held) is None:
        raise ProblemError(ProblemCode.ALREADY_DECIDED, "This call was answered before.")
