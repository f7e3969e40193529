"""One log record at a turn's end: what it did, with what, how long and at what cost; never what was said."""

from datetime import datetime
from typing import Any

from orchestrator.effects.scope import TurnScope
from orchestrator.journal.store import sureness
from orchestrator.turn.effects import Finish
from orchestrator.turn.state import TurnState
from servicekit.errors import ProblemError
from servicekit.logging import get_logger

_CARDS = "SELECT kind, state, created_at, decided_at FROM cards WHERE turn_id = $1 ORDER BY created_at"


async def log_turn(finish: Finish, state: TurnState, scope: TurnScope) -> None:
    """Writes the record `turn_ended`. Only a turn that asked somebody needs a look into the database."""
    get_logger().info("turn_ended", **turn_line(finish, state, scope), approvals=await _approvals(state, scope))


def turn_line(finish: Finish, state: TurnState, scope: TurnScope) -> dict[str, Any]:
    """All that the turn itself knows. Times are in milliseconds, the cost is in dollars."""
    conversation, now_ms = scope.conversation, scope.now_ms()
    return {
        "request_id": scope.request_id, "trace_id": state.traceparent[3:35], "turn_id": scope.turn_id,
        "session": conversation.id,
        "user_hash": conversation.subject_hash, "channel": state.channel, "intent": intent_of(state, scope),
        "outcome": finish.outcome.value, "handoff_reason": state.handoff_reason and state.handoff_reason.value,
        "refusal": finish.refusal, "flags": list(state.flags),
        "tools": [
            {"tool": one.call.tool, "ms": round(one.ms), "attempts": one.attempts, "cached": one.cached,
             "error": one.error_code or None}
            for one in state.observed
        ],
        "retries": sum(max(0, one.attempts - 1) for one in state.observed), "repairs": list(state.repairs),
        "worked_ms": state.worked_ms(now_ms), "tool_ms": round(sum(one.ms for one in state.observed)),
        "runs": scope.run + 1, "model": state.model, "tokens_in": state.usage.tokens_in,
        "tokens_out": state.usage.tokens_out, "cost_usd": state.usage.cost_micros / 1_000_000,
        "confidence": round(sureness(state), 3),
    }  # fmt: skip


def intent_of(state: TurnState, scope: TurnScope) -> str:
    """What the customer wanted, as far as it was acted on: the family of the first tool, a person, or just words."""
    if not state.observed:
        return "person" if state.handoff_reason is not None else "words"
    entry = scope.world.catalog.entry(state.observed[0].call.tool)
    return "unknown" if entry is None else str(entry.family)


async def _approvals(state: TurnState, scope: TurnScope) -> list[dict[str, Any]]:
    """Whom the turn asked, and how long each took: the customer (`confirmation`) and staff (`approval`)."""
    if state.preview is None and state.confirmed is None and state.registered is None:
        return []
    try:
        async with scope.world.database.primary() as db:
            rows = await db.fetch(_CARDS, scope.turn_id)
    except (ProblemError, OSError, TimeoutError) as error:
        # The turn is over and journalled: its record does without them.
        get_logger().warning("the cards of a turn were not read", turn_id=scope.turn_id, reason=type(error).__name__)
        return []
    return [
        {"kind": row["kind"], "state": row["state"], "asked_at": _iso(row["created_at"]),
         "decided_at": _iso(row["decided_at"])}
        for row in rows
    ]  # fmt: skip


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
