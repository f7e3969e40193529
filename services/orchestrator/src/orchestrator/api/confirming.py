"""The customer's own yes or no to one exact effect, once for the JSON API and for every channel that shows cards."""

from orchestrator.api.deps import Desk
from orchestrator.journal.decisions import Decided, confirm
from orchestrator.turn.inputs import ConfirmationDecided
from servicekit.auth.claims import Caller


async def decide_confirmation(
    desk: Desk, caller: Caller, conversation_id: str, turn_id: str, decision: ConfirmationDecided
) -> Decided | None:
    """Record the decision and let the turn go on; None when the same was decided before. Raises NOT_FOUND for a
    conversation that is not the caller's, and as `confirm` does.
    """
    lease_s = desk.intake.lease_s()
    async with desk.database.transaction() as db:
        conversation = await desk.conversations.owned(db, conversation_id, caller, lock=True)
        decided = await confirm(db, conversation, turn_id, decision, desk.intake.now_ms(), desk.codec, lease_s)
    if decided is not None:
        desk.intake.go_on(turn_id, conversation, lease_s)
    return decided
