"""A colleague's decision about an effect, once for the JSON API and the console."""

from dataclasses import replace

from contracts.errors import ProblemCode
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import Desk, check_may
from orchestrator.journal.approvals import Decision, approve
from orchestrator.journal.staff import turn_of_site
from servicekit.errors import ProblemError

APPROVE_SCOPE = "approvals:decide"
APPROVE_REFUSAL = "Only staff may see and decide approvals."


async def decide_approval(desk: Desk, conversation_id: str, decision: Decision) -> int:
    """Record a decision of `decision.approver`; how many approvals are still missing (0: the turn goes on). Audited.

    Raises 403 for who may not decide and for who asked, NOT_FOUND for another site's card, and as `approve` does.
    """
    caller, lease_s = decision.approver, desk.intake.lease_s()
    check_may(caller, APPROVE_SCOPE, APPROVE_REFUSAL)
    async with desk.database.transaction() as db:
        conversation = await turn_of_site(db, desk.conversations, decision.turn_id, caller.site, lock=True)
        if conversation is None or conversation.id != conversation_id:
            raise ProblemError(ProblemCode.NOT_FOUND, "There is no such card.")
        vault = await desk.intake.vaults.opened(db, conversation)
        masked = replace(decision, notes=vault.mask(decision.notes))
        missing = await approve(db, conversation, masked, vault.take_fresh(), desk.intake.now_ms(), desk.codec, lease_s)
        step = "staff_approve" if decision.approved else "staff_deny"
        about = {"conversation_id": conversation.id, "turn_id": decision.turn_id, "digest": decision.digest}
        await record_step(db, desk, caller, step, about)
    if missing == 0:
        desk.intake.go_on(decision.turn_id, conversation, lease_s)
    return missing
