"""Approvals: what waits for staff, why, how it was decided before; one key for yes or no, and a step that confirms."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response

from contracts.errors import ProblemCode
from contracts.ids import Digest, TurnId
from orchestrator.api.approving import APPROVE_SCOPE, decide_approval
from orchestrator.api.deps import Desk, DeskDep
from orchestrator.console.dossier import masked_customer
from orchestrator.console.forms import DecisionForm
from orchestrator.console.guarding import RoomDep, Visitor, Watcher, back_to, check_scope, written
from orchestrator.console.navigation import PREFIX, Page
from orchestrator.console.precedents import Precedents, same_clause, same_customer
from orchestrator.console.sessions import Session
from orchestrator.console.views import show
from orchestrator.journal.approvals import Decision, Waiting, waiting_approvals
from orchestrator.journal.cards import Card
from orchestrator.journal.conversations import is_of
from orchestrator.journal.showing import staff_card
from servicekit.errors import ProblemError

#: As many as one reads; those behind them follow as they are decided.
_QUEUE = 25


@dataclass(frozen=True, slots=True)
class Asked:
    """A card that waits, as staff see it. `mine`: who looks at it asked for it; `decided`: they have approved."""

    waiting: Waiting
    card: Card
    customer: str
    clause: Precedents
    customers: Precedents
    mine: bool
    decided: bool


def _routes(router: APIRouter) -> None:
    @router.get("/approvals")
    async def approvals(session: Visitor, desk: DeskDep, room: RoomDep) -> Response:
        """The queue."""
        return show(room, session, "approvals.html", APPROVALS, queue=await _queue(desk, session))

    @router.get("/approvals/rows")
    async def rows(session: Watcher, desk: DeskDep, room: RoomDep) -> Response:
        """The queue alone, which the page fetches every few seconds."""
        return show(room, session, "approvals_rows.html", APPROVALS, queue=await _queue(desk, session))

    @router.get("/approvals/{turn_id}/{digest}/{choice}")
    async def confirm(
        turn_id: TurnId, digest: Digest, choice: Literal["approve", "deny"], session: Visitor, desk: DeskDep,
        room: RoomDep,
    ) -> Response:  # fmt: skip
        """The step that confirms: exactly what is decided, and notes."""
        for asked in await _queue(desk, session, turn_id):
            if asked.card.digest == digest:
                return show(room, session, "approval_confirm.html", APPROVALS, asked=asked, choice=choice)
        raise ProblemError(ProblemCode.NOT_FOUND, "This does not wait for anybody any more.")

    @router.post("/approvals")
    async def decide(
        form: Annotated[DecisionForm, Depends(written(DecisionForm))], session: Visitor, desk: DeskDep
    ) -> Response:
        """A colleague's yes or no, by the same steps as in the JSON API."""
        decision = Decision(form.turn_id, form.digest, form.choice == "approve", form.notes, session.caller)
        await decide_approval(desk, form.conversation_id, decision)
        return back_to(f"{PREFIX}/approvals")


APPROVALS = Page("approvals", "/approvals", "Approvals", APPROVE_SCOPE, _routes)


async def _queue(desk: Desk, session: Session, only: str = "") -> list[Asked]:
    """What waits for staff of the visitor's site, the oldest first, with how the like was decided; `only`: the cards of
    this turn.
    """
    caller = session.caller
    check_scope(caller, APPROVE_SCOPE)
    clauses: dict[str, Precedents] = {}
    found = []
    async with desk.database.primary() as db:
        for waiting in await waiting_approvals(db, desk.conversations, caller.site, _QUEUE):
            conversation = waiting.conversation
            if only not in ("", waiting.card.turn_id):
                continue
            card = staff_card(waiting.card, await desk.intake.vaults.opened(db, conversation))
            if card.policy not in clauses:
                clauses[card.policy] = await same_clause(db, caller.site, card.policy)
            found.append(
                Asked(
                    waiting, card, masked_customer(conversation), clauses[card.policy],
                    await same_customer(db, caller.site, conversation.subject_hash), is_of(conversation, caller),
                    caller.subject in waiting.approved_by,
                )
            )  # fmt: skip
    return found
