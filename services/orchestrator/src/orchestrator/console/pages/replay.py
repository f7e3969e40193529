"""Replay: a turn that decides as it did, or would not under other rules; and all the turns of some days."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.ids import TurnId
from contracts.refund_rules import RefundRules
from contracts.registry import CONTRACTS
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import CONSOLE_SCOPE, Desk, DeskDep
from orchestrator.api.staff_steps import ANSWER_SCOPE
from orchestrator.console.edits import PolicyFields, in_force
from orchestrator.console.forms import Form, SignedForm, checked
from orchestrator.console.guarding import RoomDep, Visitor, Watcher, back_to, check_scope, written
from orchestrator.console.navigation import PREFIX, Page
from orchestrator.console.replay_view import turn_view
from orchestrator.console.replaying import ReplayDesk
from orchestrator.console.sessions import Session
from orchestrator.console.spans import SpanId, advance_span, begin_span, find_span, last_spans
from orchestrator.console.views import show
from orchestrator.switches.deciding import ALWAYS_ON
from servicekit.errors import ProblemError
from servicekit.privacy.tokens import plain_tokens

MOST_DAYS = 92
_SPAN = "/replay/spans/{span_id}"
#: What a Brain may propose or the engine call, but the way to a person.
_SWITCHABLE = tuple(sorted(one.name for one in CONTRACTS if one.name != ALWAYS_ON))


class TurnQuery(Form, PolicyFields):
    """What of the policies is edited."""


class SpanForm(SignedForm, PolicyFields):
    """Which days (UTC, the last one too), and what of the policies is edited."""

    since: date
    until: date


async def _asked(request: Request) -> TurnQuery:
    """The query as a form: what is wrong in it is said by name. Raises INVALID_REQUEST."""
    return checked(TurnQuery, dict(request.query_params))


async def _replay_desk(request: Request) -> ReplayDesk:
    desk: ReplayDesk = request.app.state.replay
    return desk


ReplayDep = Annotated[ReplayDesk, Depends(_replay_desk)]


def _routes(router: APIRouter) -> None:
    @router.get("/replay")
    async def start(session: Visitor, desk: DeskDep, room: RoomDep, replay: ReplayDep) -> Response:
        """Days to replay, and those that were."""
        check_scope(session.caller, CONSOLE_SCOPE)
        async with desk.database.primary() as db:
            spans = await last_spans(db, session.caller.site)
        today = desk.intake.clock.now().astimezone(UTC).date()
        asked = {"since": (today - timedelta(days=6)).isoformat(), "until": today.isoformat()}
        return show(room, session, "replay.html", REPLAY, spans=spans, asked=asked, **await _rules(replay, {}))

    @router.get("/replay/turns/{turn_id}")
    async def turn(
        turn_id: TurnId, session: Visitor, desk: DeskDep, room: RoomDep, replay: ReplayDep,
        asked: Annotated[TurnQuery, Depends(_asked)],
    ) -> Response:  # fmt: skip
        """A turn, step by step, beside what it would have been. That somebody looked is audited."""
        check_scope(session.caller, CONSOLE_SCOPE)
        rules = await replay.books.rules()
        async with desk.database.transaction() as db:
            found = await replay.of_site(session.caller.site).turn(db, turn_id)
            if found is None:
                raise ProblemError(ProblemCode.NOT_FOUND, "There is no such turn.")
            about = {"conversation_id": found.conversation_id, "turn_id": turn_id}
            await record_step(db, desk, session.caller, "console_replay", about, relaxed=True)
        tried = next(iter(await replay.tried([found], asked, rules)), None)
        view = turn_view(found, tried, await _shown(desk, session, found.conversation_id, turn_id))
        values = await _rules(replay, asked.edits, rules)
        return show(room, session, "replay_turn.html", REPLAY, view=view, **values)

    _spans(router)


def _spans(router: APIRouter) -> None:
    @router.post("/replay/spans")
    async def begin(form: Annotated[SpanForm, Depends(written(SpanForm))], session: Visitor, desk: DeskDep) -> Response:
        """Begin with some days."""
        check_scope(session.caller, CONSOLE_SCOPE)
        since, until = _begin(form.since), _begin(form.until) + timedelta(days=1)
        if not timedelta() < until - since <= timedelta(days=MOST_DAYS):
            raise ProblemError(ProblemCode.INVALID_REQUEST, f"The first day comes first, and {MOST_DAYS} are the most.")
        async with desk.database.transaction() as db:
            span_id = await begin_span(db, session.caller, since, until, form)
            await record_step(db, desk, session.caller, "console_replay_days", {"span": span_id}, relaxed=True)
        return back_to(f"{PREFIX}/replay/spans/{span_id}")

    @router.get(_SPAN)
    async def span(span_id: SpanId, session: Visitor, desk: DeskDep, room: RoomDep) -> Response:
        """What was counted by now; the page goes on counting by itself."""
        check_scope(session.caller, CONSOLE_SCOPE)
        async with desk.database.primary() as db:
            found = await find_span(db, session.caller.site, span_id)
        return show(room, session, "replay_span.html", REPLAY, span=found, stalled="")

    @router.get(f"{_SPAN}/progress")
    async def progress(span_id: SpanId, session: Watcher, desk: DeskDep, room: RoomDep, replay: ReplayDep) -> Response:
        """Count some more."""
        check_scope(session.caller, CONSOLE_SCOPE)
        async with desk.database.primary() as db:
            found = await find_span(db, session.caller.site, span_id)
        stalled = ""
        try:
            found = await advance_span(replay, session.caller.site, found)
        except ProblemError as error:
            # The page says it and asks again: what was counted by now stays.
            stalled = error.problem.detail or error.problem.title
        return show(room, session, "replay_span_live.html", REPLAY, span=found, stalled=stalled)


REPLAY = Page("replay", "/replay", "Replay", CONSOLE_SCOPE, _routes)


async def _rules(replay: ReplayDesk, edits: dict[str, str], rules: RefundRules | None = None) -> dict[str, Any]:
    found = rules if rules is not None else await replay.books.rules()
    told = in_force(found, replay.escalation, replay.limits)
    return {"edits": edits, "in_force": told, "billing_down": found is None, "tools": _SWITCHABLE}


async def _shown(desk: Desk, session: Session, conversation_id: str, turn_id: str) -> Callable[[str], str]:
    """What stands for personal data in a text: as the page of the conversation shows it."""
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
        if conversation is None:
            return plain_tokens
        vault = await desk.intake.vaults.opened(db, conversation)
    revealed = session.revealed == conversation_id and ANSWER_SCOPE in session.caller.scopes
    return vault.restore if revealed else vault.for_staff


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
