"""The audit trail: who did what, in which role, when."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from orchestrator.api.auditing import record_step
from orchestrator.api.deps import DeskDep
from orchestrator.console.guarding import RoomDep, Visitor, check_scope
from orchestrator.console.navigation import Page
from orchestrator.console.roles import AUDIT_SCOPE
from orchestrator.console.trail import Before, read_trail
from orchestrator.console.views import show


def _routes(router: APIRouter) -> None:
    @router.get("/audit")
    async def audit(
        session: Visitor, desk: DeskDep, room: RoomDep, before: Annotated[Before | None, Query()] = None
    ) -> Response:
        """A page of entries, the newest first. That somebody read them is an entry too."""
        check_scope(session.caller, AUDIT_SCOPE)
        async with desk.database.transaction() as db:
            trail = await read_trail(db, session.caller, before or "")
            await record_step(db, desk, session.caller, "console_audit", {}, relaxed=True)
        return show(room, session, "audit.html", AUDIT, trail=trail)


AUDIT = Page("audit", "/audit", "Audit", AUDIT_SCOPE, _routes)
