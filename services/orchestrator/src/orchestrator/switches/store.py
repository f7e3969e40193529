"""The switches in Postgres: reading them, and changing one, which is only ever appended. Callers audit."""

from collections.abc import Sequence

from asyncpg import Record

from contracts.errors import ProblemCode
from orchestrator.switches.state import PHASE, Change, Position, Switches, Target, reading
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

_COLUMNS = "id, tool, channel, was, became, reason, changed_by, unmet, changed_at"
_STAND = (
    f"SELECT * FROM (SELECT DISTINCT ON (tool, channel) {_COLUMNS} FROM switch_changes"  # noqa: S608 - constants
    " ORDER BY tool, channel, id DESC) AS last ORDER BY id"
)
_LATEST = f"SELECT {_COLUMNS} FROM switch_changes ORDER BY id DESC LIMIT $1"  # noqa: S608 - constants
_APPEND = (
    "INSERT INTO switch_changes (tool, channel, was, became, reason, changed_by, unmet)"  # noqa: S608 - constants
    f" VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_COLUMNS}"
)
_BEGIN = "SELECT newest, begun_before FROM call_begin($1, $2, $3, $4)"


async def read_switches(db: Connection) -> Switches:
    """How all switches stand."""
    return reading(map(_change, await db.fetch(_STAND)))


async def latest_changes(db: Connection, limit: int) -> list[Change]:
    """The last changes, the newest first."""
    return [_change(row) for row in await db.fetch(_LATEST, limit)]


async def hold_switches(db: Connection) -> Switches:
    """How all switches stand, and go on standing until the caller's transaction ends: nobody else changes one, and no
    write begins.
    """
    await db.execute("SELECT pg_advisory_xact_lock(switch_lock())")
    return await read_switches(db)


async def set_position(
    db: Connection, switches: Switches, target: Target, seen: Position, wanted: Position, reason: str, by: str
) -> Change | None:
    """Turn a switch that the caller saw in position `seen`; None when it stands as wanted already.

    The caller holds the switches. Raises CONFLICT when a colleague has turned it to something else meanwhile.
    """
    stands = switches.position(target)
    if stands is wanted:
        return None
    if stands is not seen:
        raise ProblemError(ProblemCode.CONFLICT, f"A colleague has changed {target} meanwhile: it is {stands.value}.")
    return await _append(db, target, stands.value, wanted.value, reason, by, ())


async def set_phase(
    db: Connection, stands: str, seen: str, wanted: str, reason: str, by: str, unmet: Sequence[str]
) -> Change | None:
    """Move to another phase, with the checks that were not met; else as `set_position`."""
    if stands == wanted:
        return None
    if stands != seen:
        raise ProblemError(ProblemCode.CONFLICT, f"A colleague has changed the phase meanwhile: it is {stands}.")
    return await _append(db, PHASE, stands, wanted, reason, by, unmet)


async def begin_call(db: Connection, turn_id: str, tool: str, args_hash: str, known: int) -> tuple[int, bool]:
    """Begin a write as a process does that knows the switches up to `known` (-1: look only).

    The last change that there is, and whether this very write was begun before. It is begun when that is `known`.
    """
    row = await db.fetchrow(_BEGIN, turn_id, tool, args_hash, known)
    if row is None:
        raise AssertionError("the function always returns a row")
    return row["newest"], row["begun_before"]


async def _append(
    db: Connection, target: Target, was: str, became: str, reason: str, by: str, unmet: Sequence[str]
) -> Change:  # fmt: skip
    row = await db.fetchrow(_APPEND, target.tool, target.channel, was, became, reason, by, list(unmet))
    if row is None:
        raise AssertionError("an insert returns its row")
    return _change(row)


def _change(row: Record) -> Change:
    return Change(
        row["id"], Target(row["tool"], row["channel"]), row["was"], row["became"], row["reason"], row["changed_by"],
        row["changed_at"], tuple(row["unmet"]),
    )  # fmt: skip
