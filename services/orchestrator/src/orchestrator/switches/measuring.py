"""What the records of turns say of tools and of a phase: numbers of rows that are there anyway (TURN-11)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.errors import PROBLEMS, ErrorClass, ProblemCode
from contracts.registry import CONTRACTS
from contracts.tool import RiskTier, ToolEffect
from orchestrator.switches.gates import Seen
from servicekit.db.pool import Connection

_OURS = frozenset({ErrorClass.TRANSIENT, ErrorClass.TIMEOUT, ErrorClass.INTERNAL})
_CODES = frozenset(ProblemCode)
MONEY = frozenset(
    one.name for one in CONTRACTS if one.risk is RiskTier.MONEY and one.effect is ToolEffect.WRITE
)  # fmt: skip
_ONE = (
    "FROM turns t CROSS JOIN LATERAL jsonb_to_recordset(t.tools) AS one(tool text, ms real, cached boolean, error text)"
    " WHERE t.created_at >= $1"
)
_CALLS = f"SELECT one.tool, one.error, count(*) AS calls {_ONE} GROUP BY one.tool, one.error"
_P95 = (
    "SELECT one.tool, percentile_cont(0.95) WITHIN GROUP (ORDER BY one.ms) AS p95_ms"
    f" {_ONE} AND NOT coalesce(one.cached, false) AND one.ms > 0 GROUP BY one.tool"
)
# What policy gives to a person says nothing of how sure the assistant is.
_TURNS = (
    "SELECT count(*) AS turns,"
    " count(*) FILTER (WHERE outcome = 'handed_over' AND handoff_reason IS DISTINCT FROM 'policy') AS escalated"
    " FROM turns WHERE created_at >= $1 AND status = 'ended' AND outcome <> 'with_staff'"
)
_RATED = (
    "SELECT count(*) AS rated, count(*) FILTER (WHERE f.thumbs < 0) AS bad"
    " FROM feedback f JOIN turns t ON t.id = f.turn_id WHERE t.created_at >= $1 AND f.thumbs IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one tool: how many, how many failed by our fault, and the 95th percentile in milliseconds."""

    calls: int = 0
    errors: int = 0
    p95_ms: float | None = None

    @property
    def error_percent(self) -> float:
        """The share that failed, 0 of none."""
        return 100 * self.errors / self.calls if self.calls else 0.0


async def calls_since(db: Connection, since: datetime) -> Mapping[str, Calls]:
    """The calls of turns that began since then, by tool."""
    p95 = {row["tool"]: float(row["p95_ms"]) for row in await db.fetch(_P95, since)}
    return {
        tool: Calls(sum(told.values()), _errors(told.items()), p95.get(tool))
        for tool, told in (await _by_tool(db, since)).items()
    }


async def seen_since(db: Connection, since: datetime) -> Seen:
    """What was recorded since then."""
    turns, rated = await db.fetchrow(_TURNS, since), await db.fetchrow(_RATED, since)
    if turns is None or rated is None:
        raise AssertionError("a count always has its row")
    by_tool = await _by_tool(db, since)
    money = [told for tool, told in by_tool.items() if tool in MONEY]
    return Seen(
        turns["turns"], turns["escalated"], sum(sum(told.values()) for told in by_tool.values()),
        sum(_errors(told.items()) for told in by_tool.values()), rated["rated"], rated["bad"],
        sum(told.get("", 0) for told in money), sum(sum(told.values()) for told in money),
        sum(_errors(told.items()) for told in money),
    )  # fmt: skip


async def _by_tool(db: Connection, since: datetime) -> dict[str, dict[str, int]]:
    """By tool, how many calls ended with each code; "" is success. What was switched off was never called."""
    found: dict[str, dict[str, int]] = {}
    for row in await db.fetch(_CALLS, since):
        if row["error"] != ProblemCode.TOOL_SWITCHED_OFF:
            found.setdefault(row["tool"], {})[row["error"] or ""] = row["calls"]
    return found


def _errors(by_code: Iterable[tuple[str, int]]) -> int:
    """Those that failed by our fault: what a customer had wrong, or may not see, is no error of the tool."""
    return sum(calls for code, calls in by_code if code in _CODES and PROBLEMS[ProblemCode(code)].error_class in _OURS)
