"""`POST /api/agent/tools/callback`: the answer of a tool that took a call with 202; its token is for that one call."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, status

from contracts.errors import ProblemCode
from orchestrator.api.deps import DeskDep, get_desk
from orchestrator.api.models import ToolAnswer
from orchestrator.api.rating import allowance
from orchestrator.guard.vault import Vault
from orchestrator.journal.callbacks import call_back, waiting_call
from orchestrator.tools.callbacks import Callback
from orchestrator.tools.entry import ToolEntry
from orchestrator.tools.masking import masked_output
from orchestrator.turn.inputs import PlannedCall, ToolFailed, ToolSucceeded
from servicekit.admission import gate
from servicekit.auth.dependencies import bearer_token
from servicekit.errors import ProblemError
from servicekit.openapi import SECURED, problem_responses


async def _called(request: Request) -> Callback:
    """The call that the token is for. Raises 401 before the body is looked at."""
    desk = await get_desk(request)
    return desk.callbacks.read(bearer_token(request))


CallbackDep = Annotated[Callback, Depends(gate(_called))]


def callbacks_router() -> APIRouter:
    """The route of callbacks."""
    router = APIRouter(
        prefix="/api/agent/tools", tags=["tools"], responses=problem_responses(),
        dependencies=[Depends(allowance("tool"))],
    )  # fmt: skip

    @router.post("/callback", status_code=status.HTTP_204_NO_CONTENT, openapi_extra=SECURED)
    async def callback(body: ToolAnswer, desk: DeskDep, call: CallbackDep) -> None:
        """Answer a call. 409 `conflict`: its turn does not wait yet, try again; `already_decided`: it was answered."""
        entry = desk.catalog.entry(call.tool)
        output = _checked(body, entry)
        lease_s = desk.intake.lease_s()
        async with desk.database.transaction() as db:
            conversation = await desk.conversations.by_turn(db, call.turn_id, lock=True)
            if conversation is None:
                raise ProblemError(ProblemCode.NOT_FOUND, "There is no such turn.")
            vault = await desk.intake.vaults.opened(db, conversation)
            result = _result(body, output, entry, vault)
            _check(await waiting_call(db, conversation, call.turn_id, desk.codec), call)
            await call_back(db, conversation, call.turn_id, result, desk.intake.now_ms(), desk.codec, lease_s,
                            vault.take_fresh())  # fmt: skip
        desk.intake.go_on(call.turn_id, conversation, lease_s)

    return router


def _check(waits_for: PlannedCall | None, call: Callback) -> None:
    if waits_for is None:
        raise ProblemError(ProblemCode.CONFLICT, "This turn does not wait for an answer: not yet, or not any more.")
    if (waits_for.tool, waits_for.args_hash) != (call.tool, call.args_hash):
        raise ProblemError(ProblemCode.ALREADY_DECIDED, "This turn waits for the answer to another call.")


def _checked(body: ToolAnswer, entry: ToolEntry | None) -> dict[str, Any]:
    """The known part of the output. Raises INVALID_REQUEST when it is none by the tool's own schema."""
    if body.problem is not None:
        return {}
    if entry is None or body.output is None or not entry.answers.accepts(body.output):
        raise ProblemError(ProblemCode.INVALID_REQUEST, "The output does not fit the tool's own schema.")
    known: dict[str, Any] = entry.answers.known_part(body.output)
    return known


def _result(
    body: ToolAnswer, output: dict[str, Any], entry: ToolEntry | None, vault: Vault
) -> ToolSucceeded | ToolFailed:
    """The answer as the turn takes it: with tokens for what tells who somebody is."""
    if body.problem is not None:
        kind = body.problem
        return ToolFailed(error_class=kind.error_class, code=kind.code.value, ms=0.0)
    return ToolSucceeded(output=masked_output(entry, output, vault), ms=0.0)
