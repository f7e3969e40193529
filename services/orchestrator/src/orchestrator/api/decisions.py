"""What customers decide and say about answers: confirmations, stops, feedback."""

from fastapi import APIRouter, Depends, status

from contracts.errors import ProblemCode
from orchestrator.api.confirming import decide_confirmation
from orchestrator.api.deps import ChatCaller, DeskDep
from orchestrator.api.intake import stream_url
from orchestrator.api.models import ConfirmationDecision, Feedback, StopRequest, TurnAccepted
from orchestrator.api.rating import allowance
from orchestrator.gaps.feedback import note_thumbs
from orchestrator.journal.answers import THUMBS
from orchestrator.journal.stopping import stop_turn
from orchestrator.turn.inputs import ConfirmationDecided
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses

_SENT = ", ".join(
    f"{name} = CASE WHEN '{name}' = ANY($7) THEN excluded.{name} ELSE feedback.{name} END"
    for name in ("thumbs", "csat", "tags", "comment")
)
_KEEP_FEEDBACK = (
    "INSERT INTO feedback (conversation_id, turn_id, thumbs, csat, tags, comment)"  # noqa: S608 - constants only
    " SELECT $1, id, $3, $4, $5, $6 FROM turns WHERE id = $2 AND conversation_id = $1"
    f" ON CONFLICT (turn_id) DO UPDATE SET {_SENT} RETURNING turn_id"
)


def decisions_router() -> APIRouter:
    """Routes of decisions."""
    router = APIRouter(
        prefix="/api/agent", tags=["decisions"], responses=problem_responses(),
        dependencies=[Depends(allowance("decide"))],
    )  # fmt: skip

    @router.post("/confirmations", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def decide(body: ConfirmationDecision, caller: ChatCaller, desk: DeskDep) -> TurnAccepted:
        """Say yes or no to the effect with this digest. The same decision again changes nothing."""
        decision = ConfirmationDecided(digest=body.digest, confirmed=body.confirmed)
        decided = await decide_confirmation(desk, caller, body.conversation_id, body.turn_id, decision)
        url = stream_url(body.conversation_id, body.turn_id, decided.inputs if decided else 0)
        return TurnAccepted(turn_id=body.turn_id, stream_url=url)

    @router.post("/stop", status_code=status.HTTP_202_ACCEPTED, openapi_extra=SECURED)
    async def stop(body: StopRequest, caller: ChatCaller, desk: DeskDep) -> TurnAccepted:
        """End one's own turn as soon as that breaks nothing off; an open card counts as declined. One that has ended,
        or is doing what was agreed to, goes on as it would; one that waits for staff is 409 `waits_for_staff`.
        """
        lease_s = desk.intake.lease_s()
        async with desk.database.transaction() as db:
            conversation = await desk.conversations.owned(db, body.conversation_id, caller, lock=True)
            stopping = await stop_turn(db, conversation, body.turn_id, desk.intake.now_ms(), desk.codec, lease_s)
        if stopping.runs:
            desk.intake.end_stopped(body.turn_id, conversation, lease_s)
        return TurnAccepted(turn_id=body.turn_id, stream_url=stream_url(body.conversation_id, body.turn_id))

    @router.post("/feedback", status_code=status.HTTP_204_NO_CONTENT, openapi_extra=SECURED)
    async def feedback(body: Feedback, caller: ChatCaller, desk: DeskDep) -> None:
        """Rate an answer of one's own conversation. Sent again, what is sent replaces what was said before."""
        thumbs = THUMBS[body.thumbs] if body.thumbs else None
        async with desk.database.transaction() as db:
            conversation = await desk.conversations.owned(db, body.conversation_id, caller, lock=True)
            comment = conversation.sealer.seal("feedback", body.comment.encode()) if body.comment else None
            stored = await db.fetchval(
                _KEEP_FEEDBACK, body.conversation_id, body.turn_id, thumbs, body.csat, list(body.tags), comment,
                list(body.model_fields_set),
            )  # fmt: skip
            if stored is None:
                raise ProblemError(ProblemCode.NOT_FOUND, "There is no such turn in this conversation.")
            if "thumbs" in body.model_fields_set:
                await note_thumbs(db, conversation, body.turn_id, desk.codec, down=body.thumbs == "down")

    return router
