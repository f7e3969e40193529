"""Macros: what staff answered over and over, for approval; the approved texts, with what came of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from starlette.requests import Request

from contracts.errors import ProblemCode
from orchestrator.api import macro_steps as steps
from orchestrator.api.approving import APPROVE_SCOPE
from orchestrator.api.deps import CONSOLE_SCOPE, DeskDep
from orchestrator.console.forms import MacroEditForm, MacroForm, NewMacroForm, SignedForm
from orchestrator.console.guarding import RoomDep, Visitor, back_to, check_scope, written
from orchestrator.console.navigation import PREFIX, Page
from orchestrator.console.views import show
from orchestrator.gaps.outline import article
from orchestrator.macros.desk import MacroDesk
from orchestrator.macros.store import Results, active_macros, macro_of, results_of, retired_macros, versions_of
from orchestrator.macros.suggestions import MOST_SHOWN, last_run
from orchestrator.macros.wording import PLACES
from servicekit.errors import ProblemError
from servicekit.language import LANGUAGES

_HOME = f"{PREFIX}/macros"
_RETIRED_SHOWN = 50
SuggestionId = Annotated[str, Path(pattern=r"^mcs_[0-9a-f]{32}$")]
MacroId = Annotated[str, Path(pattern=r"^mac_[0-9a-f]{32}$")]
Bare = Annotated[SignedForm, Depends(written(SignedForm))]


async def _macro_desk(request: Request) -> MacroDesk:
    macros: MacroDesk = request.app.state.macros
    return macros


MacroDeskDep = Annotated[MacroDesk, Depends(_macro_desk)]


def _routes(router: APIRouter) -> None:
    _listing(router)
    _suggested(router)
    _changing(router)
    _one(router)


def _listing(router: APIRouter) -> None:
    @router.get("/macros")
    async def macros(session: Visitor, desk: DeskDep, room: RoomDep, macro_desk: MacroDeskDep) -> Response:
        """What is suggested, what is approved and how it does, what was retired."""
        check_scope(session.caller, CONSOLE_SCOPE)
        site = session.caller.site
        async with desk.database.primary() as db:
            suggestions = await macro_desk.reader.suggestions(db, site, macro_desk.policy.fewest)
            active = await active_macros(db, site)
            retired = await retired_macros(db, site, _RETIRED_SHOWN)
            results = await results_of(db, [one.id for one in active], macro_desk.policy.kept)
            run = await last_run(db, site)
        told = [(one, results.get((one.id, one.version), Results())) for one in active]
        return show(
            room, session, "macros.html", MACROS, suggestions=suggestions, retired=retired, run=run,
            active=[(one, found, macro_desk.faults(found)) for one, found in told], policy=macro_desk.policy,
            most_shown=MOST_SHOWN,
        )  # fmt: skip

    @router.get("/macros/new")
    async def new(session: Visitor, room: RoomDep) -> Response:
        """The form of one that nobody suggested."""
        check_scope(session.caller, APPROVE_SCOPE)
        return show(room, session, "macro_new.html", MACROS, languages=LANGUAGES, places=PLACES)


def _suggested(router: APIRouter) -> None:
    @router.get("/macros/suggestions/{suggestion_id}")
    async def suggestion(
        suggestion_id: SuggestionId, session: Visitor, desk: DeskDep, room: RoomDep, macro_desk: MacroDeskDep
    ) -> Response:
        """One suggestion: what it is made of, and the form that decides it."""
        check_scope(session.caller, CONSOLE_SCOPE)
        async with desk.database.primary() as db:
            found = await macro_desk.reader.suggestions(
                db, session.caller.site, macro_desk.policy.fewest, suggestion_id
            )  # fmt: skip
        if not found:
            raise ProblemError(ProblemCode.NOT_FOUND, "There is no such open suggestion.")
        return show(room, session, "macro_suggestion.html", MACROS, suggestion=found[0], places=PLACES)

    @router.post("/macros/suggestions/{suggestion_id}/approve")
    async def approve(
        suggestion_id: SuggestionId, form: Annotated[MacroForm, Depends(written(MacroForm))], session: Visitor,
        desk: DeskDep, macro_desk: MacroDeskDep,
    ) -> Response:  # fmt: skip
        """Make a macro of it."""
        macro_id = await steps.approve_suggestion(desk, macro_desk, session.caller, suggestion_id, form.told)
        return back_to(f"{_HOME}/{macro_id}")

    @router.post("/macros/suggestions/{suggestion_id}/dismiss")
    async def dismiss(
        suggestion_id: SuggestionId, _: Bare, session: Visitor, desk: DeskDep, macro_desk: MacroDeskDep
    ) -> Response:
        """It is none."""
        await steps.dismiss_suggestion(desk, macro_desk, session.caller, suggestion_id)
        return back_to(_HOME)


def _changing(router: APIRouter) -> None:
    @router.post("/macros/look")
    async def look(_: Bare, session: Visitor, desk: DeskDep, macro_desk: MacroDeskDep) -> Response:
        """Look at what staff said now, unless that was done a moment ago."""
        await steps.look_now(desk, macro_desk, session.caller)
        return back_to(_HOME)

    @router.post("/macros/new")
    async def write(
        form: Annotated[NewMacroForm, Depends(written(NewMacroForm))], session: Visitor, desk: DeskDep
    ) -> Response:
        """Keep one that nobody suggested."""
        return back_to(f"{_HOME}/{await steps.write_macro(desk, session.caller, form.language, form.told)}")

    @router.post("/macros/{macro_id}")
    async def edit(
        macro_id: MacroId, form: Annotated[MacroEditForm, Depends(written(MacroEditForm))], session: Visitor,
        desk: DeskDep,
    ) -> Response:  # fmt: skip
        """Keep a further version."""
        await steps.edit_macro(desk, session.caller, macro_id, form.seen, form.told)
        return back_to(f"{_HOME}/{macro_id}")

    @router.post("/macros/{macro_id}/retire")
    async def retire(macro_id: MacroId, _: Bare, session: Visitor, desk: DeskDep) -> Response:
        """Nobody can insert it any more."""
        await steps.withdraw_macro(desk, session.caller, macro_id)
        return back_to(_HOME)


def _one(router: APIRouter) -> None:
    @router.get("/macros/{macro_id}")
    async def macro(
        macro_id: MacroId, session: Visitor, desk: DeskDep, room: RoomDep, macro_desk: MacroDeskDep
    ) -> Response:
        """One macro: its text to edit, its versions, and what came of each."""
        check_scope(session.caller, CONSOLE_SCOPE)
        async with desk.database.primary() as db:
            found = await macro_of(db, session.caller.site, macro_id)
            versions = await versions_of(db, macro_id)
            results = await results_of(db, [macro_id], macro_desk.policy.kept)
        told = [(one, results.get((macro_id, one.version), Results())) for one in versions]
        return show(
            room, session, "macro.html", MACROS, macro=found, places=PLACES,
            versions=[(one, counted, macro_desk.faults(counted)) for one, counted in told],
        )  # fmt: skip

    @router.get("/macros/{macro_id}/article")
    async def as_article(macro_id: MacroId, session: Visitor, desk: DeskDep, macro_desk: MacroDeskDep) -> Response:
        """The draft of an article, as gaps have theirs: a file that nobody has reviewed yet."""
        check_scope(session.caller, APPROVE_SCOPE)
        async with desk.database.primary() as db:
            found = await macro_of(db, session.caller.site, macro_id)
        text = article(found.question, found.text, found.changed_at.date(), macro_desk.looking.gaps)
        return Response(text, media_type="text/markdown; charset=utf-8", headers={
            "content-disposition": f'attachment; filename="{macro_id}.md"', "cache-control": "no-store",
        })  # fmt: skip


MACROS = Page("macros", "/macros", "Macros", CONSOLE_SCOPE, _routes)
