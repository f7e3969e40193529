"""A page for somebody who is signed in: the template with what each page needs."""

from typing import Any

from fastapi.responses import HTMLResponse

from orchestrator.api.approving import APPROVE_SCOPE
from orchestrator.api.staff_steps import ANSWER_SCOPE
from orchestrator.console.guarding import ConsoleRoom
from orchestrator.console.navigation import Link, Page
from orchestrator.console.roles import roles_of
from orchestrator.console.sessions import Session


def show(room: ConsoleRoom, session: Session, template: str, page: Page, **values: Any) -> HTMLResponse:
    """The template, with who looks at it and what their navigation has."""
    caller = session.caller
    links: list[Link] = room.links(caller)
    return room.templates.page(
        template, page=page, links=links, who=caller.name or caller.subject, subject=caller.subject,
        roles=", ".join(roles_of(caller.scopes)), csrf=session.csrf, may_answer=ANSWER_SCOPE in caller.scopes,
        may_approve=APPROVE_SCOPE in caller.scopes, sla_min=room.sla_s // 60, **values,
    )  # fmt: skip
