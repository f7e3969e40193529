"""Policy: the rules and thresholds in force, since when, by whom, what they were before, and what changed."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from contracts.errors import ProblemCode
from orchestrator.api.deps import CONSOLE_SCOPE, DeskDep
from orchestrator.console.edits import in_force as thresholds_of
from orchestrator.console.guarding import RoomDep, Visitor, check_scope
from orchestrator.console.navigation import Page
from orchestrator.console.pages.replay import ReplayDep
from orchestrator.console.policy_diff import lines_between
from orchestrator.console.views import show
from orchestrator.policies.store import content, history, in_force
from servicekit.errors import ProblemError

Name = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$")]
Version = Annotated[int | None, Query(ge=1, le=2**62)]


def _routes(router: APIRouter) -> None:
    @router.get("/policy")
    async def policies(session: Visitor, desk: DeskDep, room: RoomDep, replay: ReplayDep) -> Response:
        """What is in force."""
        check_scope(session.caller, CONSOLE_SCOPE)
        rules = await replay.books.rules()
        async with desk.database.primary() as db:
            found = await in_force(db)
        thresholds = thresholds_of(rules, replay.escalation, replay.limits)
        return show(
            room, session, "policy.html", POLICY, policies=found, in_force=thresholds, billing_down=rules is None
        )

    @router.get("/policy/{name}")
    async def policy(
        name: Name, session: Visitor, desk: DeskDep, room: RoomDep, version: Version = None, before: Version = None
    ) -> Response:
        """The versions of one, and the text of a version; with `before`, what changed since that one."""
        check_scope(session.caller, CONSOLE_SCOPE)
        async with desk.database.primary() as db:
            versions = await history(db, name)
            if not versions:
                raise _missing()
            chosen = version or versions[0].id
            text = await content(db, name, chosen)
            older = None if before is None else await content(db, name, before)
        if text is None or (before is not None and older is None):
            raise _missing()
        lines = None if older is None else lines_between(older, text)
        return show(
            room, session, "policy_versions.html", POLICY, policy=name, versions=versions, chosen=chosen, before=before,
            text=text, lines=lines,
        )  # fmt: skip


POLICY = Page("policy", "/policy", "Policy", CONSOLE_SCOPE, _routes)


def _missing() -> ProblemError:
    return ProblemError(ProblemCode.NOT_FOUND, "There is no such policy, or it has no such version.")
