"""Tools: what is served and how it does, switches of tools and channels, the phase of the roll-out with its gates."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict

from contracts.errors import ProblemCode
from orchestrator.api.deps import CONSOLE_SCOPE, DeskDep
from orchestrator.api.switching import SWITCH_SCOPE, SwitchAsked, change_phase, switch
from orchestrator.api.tool_models import ChannelName, PhaseName, ToolName
from orchestrator.api.tools import SwitchDeskDep
from orchestrator.console.forms import PhaseForm, SwitchForm
from orchestrator.console.guarding import RoomDep, Visitor, Watcher, back_to, check_scope, written
from orchestrator.console.navigation import PREFIX, Page
from orchestrator.console.views import show
from orchestrator.switches.state import Position
from servicekit.errors import ProblemError


class SwitchQuery(BaseModel):
    """Which switch, and what it shall be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: ToolName | None = None
    channel: ChannelName | None = None
    wanted: Position


def _routes(router: APIRouter) -> None:
    _reading(router)
    _confirming(router)
    _switching(router)


def _reading(router: APIRouter) -> None:
    @router.get("/tools")
    async def tools(session: Visitor, switches: SwitchDeskDep, room: RoomDep) -> Response:
        """The page."""
        check_scope(session.caller, CONSOLE_SCOPE)
        may_switch = SWITCH_SCOPE in session.caller.scopes
        return show(room, session, "tools.html", TOOLS, found=await switches.registry(), may_switch=may_switch)

    @router.get("/tools/rows")
    async def rows(session: Watcher, switches: SwitchDeskDep, room: RoomDep) -> Response:
        """The lists alone, which the page fetches every few seconds."""
        check_scope(session.caller, CONSOLE_SCOPE)
        may_switch = SWITCH_SCOPE in session.caller.scopes
        return show(room, session, "tools_rows.html", TOOLS, found=await switches.registry(), may_switch=may_switch)


def _confirming(router: APIRouter) -> None:
    @router.get("/tools/switch")
    async def confirm_switch(
        asked: Annotated[SwitchQuery, Query()], session: Visitor, switches: SwitchDeskDep, room: RoomDep
    ) -> Response:
        """The step that confirms: what is switched, what that means, and why."""
        check_scope(session.caller, SWITCH_SCOPE)
        target = switches.target(asked.tool or "", asked.channel or "")
        stands = await switches.stands(target)
        return show(
            room, session, "switch_confirm.html", TOOLS, target=target, stands=stands.value, wanted=asked.wanted.value
        )  # fmt: skip

    @router.get("/tools/phase/{phase}")
    async def confirm_phase(phase: PhaseName, session: Visitor, switches: SwitchDeskDep, room: RoomDep) -> Response:
        """The step that confirms a move: the gates on the way, met or not."""
        check_scope(session.caller, SWITCH_SCOPE)
        found = await switches.registry()
        if phase not in {one.name for one in found.phases} or phase == found.phase.name:
            raise ProblemError(ProblemCode.NOT_FOUND, "There is nothing to move to.")
        entered = switches.board.policy.between(found.phase.name, phase)
        gates = [found.gates[one.name] for one in entered]
        return show(room, session, "phase_confirm.html", TOOLS, found=found, wanted=phase, gates=gates)


def _switching(router: APIRouter) -> None:
    @router.post("/tools/switch")
    async def turn(
        form: Annotated[SwitchForm, Depends(written(SwitchForm))], session: Visitor, desk: DeskDep,
        switches: SwitchDeskDep,
    ) -> Response:  # fmt: skip
        """Switch it, by the same steps as in the JSON API."""
        asked = SwitchAsked(form.tool, form.channel, form.seen, form.wanted, form.reason)
        await switch(desk, switches, session.caller, asked)
        return back_to(f"{PREFIX}/tools")

    @router.post("/tools/phase")
    async def move(
        form: Annotated[PhaseForm, Depends(written(PhaseForm))], session: Visitor, desk: DeskDep,
        switches: SwitchDeskDep,
    ) -> Response:  # fmt: skip
        """Move to another phase, likewise."""
        override = form.override == "yes"
        await change_phase(desk, switches, session.caller, form.seen, form.wanted, form.reason, override=override)
        return back_to(f"{PREFIX}/tools")


TOOLS = Page("tools", "/tools", "Tools", CONSOLE_SCOPE, _routes)
