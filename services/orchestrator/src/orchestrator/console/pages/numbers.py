"""Numbers: how conversations ended, when people came, what customers say, what it cost; each with its interval."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from contracts.errors import ProblemCode
from contracts.ids import ConversationId
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import CONSOLE_SCOPE, DeskDep
from orchestrator.api.staff_steps import ANSWER_SCOPE
from orchestrator.console.forms import SignedForm
from orchestrator.console.guarding import RoomDep, Visitor, back_to, check_scope, written
from orchestrator.console.navigation import PREFIX, Page
from orchestrator.console.pages.replay import ReplayDep
from orchestrator.console.views import show
from orchestrator.figures import figures
from orchestrator.figures.store import DAYS, audit_sample, counted, next_to_audit, recount
from servicekit.errors import ProblemError

#: Counting anew by hand makes no sense more often.
_FRESH = timedelta(seconds=10)
Days = Literal["7", "30", "90"]


class AuditForm(SignedForm):
    """What staff say of a conversation that looks resolved."""

    conversation_id: ConversationId
    verdict: Literal["solved", "unsolved"]


def _routes(router: APIRouter) -> None:
    @router.get("/numbers")
    async def numbers(
        session: Visitor, desk: DeskDep, room: RoomDep, replay: ReplayDep, days: Annotated[Days, Query()] = "30"
    ) -> Response:
        """The figures of the last 7, 30 or 90 days, as they were counted last."""
        check_scope(session.caller, CONSOLE_SCOPE)
        site, chosen = session.caller.site, int(days)
        async with desk.database.primary() as db:
            found = await counted(db, site, chosen)
        if found is None:
            return show(room, session, "numbers.html", NUMBERS, chosen=chosen, spans=DAYS, found=None)
        sums = await replay.books.sums(found.at - timedelta(days=chosen), found.at)
        counts = found.counts
        return show(
            room, session, "numbers.html", NUMBERS, chosen=chosen, spans=DAYS, found=found, sums=sums,
            fates=figures.fates(counts), deflection=figures.deflection(counts), people=figures.time_to_human(counts),
            satisfaction=figures.satisfaction(counts), cost=figures.cost(counts),
            fewest_audited=figures.FEWEST_AUDITED,
        )  # fmt: skip

    @router.post("/numbers/count")
    async def count(
        _: Annotated[SignedForm, Depends(written(SignedForm))], session: Visitor, desk: DeskDep
    ) -> Response:
        """Count now, unless that was done a moment ago."""
        check_scope(session.caller, CONSOLE_SCOPE)
        site, now = session.caller.site, desk.intake.clock.now()
        async with desk.database.transaction() as db:
            last = await counted(db, site, DAYS[0])
            if last is None or now - last.at > _FRESH:
                await recount(db, site, now)
        return back_to(f"{PREFIX}/numbers")

    _auditing(router)


def _auditing(router: APIRouter) -> None:
    @router.get("/numbers/sample")
    async def sample(session: Visitor, desk: DeskDep, room: RoomDep) -> Response:
        """The next conversation that looks resolved and that chance has drawn."""
        check_scope(session.caller, ANSWER_SCOPE)
        async with desk.database.primary() as db:
            conversation_id = await next_to_audit(db, session.caller.site)
        return show(room, session, "numbers_sample.html", NUMBERS, conversation_id=conversation_id)

    @router.post("/numbers/sample")
    async def audited(
        form: Annotated[AuditForm, Depends(written(AuditForm))], session: Visitor, desk: DeskDep
    ) -> Response:
        """Whether it was solved."""
        check_scope(session.caller, ANSWER_SCOPE)
        async with desk.database.transaction() as db:
            solved = form.verdict == "solved"
            if not await audit_sample(
                db, session.caller.site, form.conversation_id, session.caller.subject, solved=solved
            ):
                raise ProblemError(ProblemCode.NOT_FOUND, "This conversation does not wait to be audited.")
            about = {"conversation_id": form.conversation_id, "verdict": form.verdict}
            await record_step(db, desk, session.caller, "console_audit_sample", about)
        return back_to(f"{PREFIX}/numbers/sample")


NUMBERS = Page("numbers", "/numbers", "Numbers", CONSOLE_SCOPE, _routes)
