"""The registry of tools and its switches, for staff: looking is for all of them, switching for admins."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, status

from orchestrator.api.deps import CONSOLE_SCOPE, DeskDep, only
from orchestrator.api.rating import allowance
from orchestrator.api.switching import SWITCH_REFUSAL, SWITCH_SCOPE, SwitchAsked, change_phase, switch
from orchestrator.api.tool_models import (
    ChangeView,
    ChannelView,
    CheckView,
    PhaseMove,
    PhaseView,
    Switched,
    SwitchTurn,
    ToolInChannel,
    ToolsView,
    ToolView,
)
from orchestrator.switches.desk import Registry, SwitchDesk, ToolStanding
from orchestrator.switches.state import Change
from servicekit.auth.claims import Caller
from servicekit.openapi import SECURED, problem_responses


async def _switch_desk(request: Request) -> SwitchDesk:
    desk: SwitchDesk = request.app.state.switches
    return desk


SwitchDeskDep = Annotated[SwitchDesk, Depends(_switch_desk)]
Reader = Annotated[Caller, Depends(only(CONSOLE_SCOPE, "Only staff may see the tools."))]
Admin = Annotated[Caller, Depends(only(SWITCH_SCOPE, SWITCH_REFUSAL))]
_CONFLICT = problem_responses([status.HTTP_409_CONFLICT])


def tools_router() -> APIRouter:
    """Routes of the tools."""
    router = APIRouter(
        prefix="/api/agent", tags=["tools"], responses=problem_responses(), dependencies=[Depends(allowance("staff"))]
    )

    @router.get("/tools", openapi_extra=SECURED)
    async def tools(_: Reader, switches: SwitchDeskDep) -> ToolsView:
        """All tools with health and the last hour; all switches; the phase with its gates; the last changes."""
        return _view(await switches.registry())

    @router.put("/tools/switches", openapi_extra=SECURED, responses=_CONFLICT)
    async def turn(body: SwitchTurn, caller: Admin, desk: DeskDep, switches: SwitchDeskDep) -> Switched:
        """Switch a tool, a channel, or a tool in a channel. Calls that were sent go to their end; no other begins."""
        asked = SwitchAsked(body.tool or "", body.channel or "", body.seen, body.wanted, body.reason)
        change = await switch(desk, switches, caller, asked)
        return Switched(stands=body.wanted.value, changed=change is not None)

    @router.put("/tools/phase", openapi_extra=SECURED, responses=_CONFLICT)
    async def move(body: PhaseMove, caller: Admin, desk: DeskDep, switches: SwitchDeskDep) -> Switched:
        """Move the roll-out on, through gates that are met or overridden, or back."""
        change = await change_phase(
            desk, switches, caller, body.seen, body.wanted, body.reason, override=body.override
        )  # fmt: skip
        return Switched(stands=body.wanted, changed=change is not None)

    return router


def _view(found: Registry) -> ToolsView:
    return ToolsView(
        tools=tuple(map(_tool, found.tools)),
        channels=tuple(ChannelView(channel=one.name, position=one.position, mode=one.mode) for one in found.channels),
        phase=found.phase.name, phase_since=found.since,
        phases=tuple(
            PhaseView(
                phase=one.name, tools=tuple(sorted(one.tools)), channels=tuple(sorted(one.channels)),
                gate=tuple(
                    CheckView(name=check.name, wanted=check.wanted, found=check.found, met=check.met)
                    for check in (found.gates[one.name].checks if one.name in found.gates else ())
                ),
            )
            for one in found.phases
        ),
        changes=tuple(map(_change, found.changes)),
    )  # fmt: skip


def _tool(one: ToolStanding) -> ToolView:
    entry = one.entry
    return ToolView(
        name=one.name, family=one.family, version=entry.version if entry else None,
        digest=entry.digest if entry else None, write=entry.write if entry else None, trouble=one.trouble,
        breaker=one.breaker, calls=one.calls.calls, error_percent=round(one.calls.error_percent, 2),
        p95_ms=one.calls.p95_ms, deprecated=tuple(sorted(entry.renamed.values())) if entry else (),
        position=one.position, has_switch=one.has_switch, since=one.since,
        channels=tuple(
            ToolInChannel(channel=name, position=position, why_not=why.value if (why := one.why_not[name]) else None)
            for name, position in one.in_channels.items()
        ),
    )  # fmt: skip


def _change(one: Change) -> ChangeView:
    return ChangeView(
        number=one.number, target=str(one.target), was=one.was, became=one.became, reason=one.reason, by=one.by,
        at=one.at, unmet=one.unmet,
    )  # fmt: skip
