"""The SQL of figures: what was counted last, and the sample that staff audit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.figures.counts import Counts
from orchestrator.figures.fates import count_fates, draw_sample
from servicekit.db.pool import Connection

#: The times that figures are told for.
DAYS = (7, 30, 90)
#: So many conversations wait for staff's audit at most, drawn from those of so many days.
_SAMPLE, _SAMPLE_DAYS = 20, 30
#: Of several processes one counts.
_LOCK = "SELECT pg_try_advisory_xact_lock(7214614)"
_KEEP = (
    "INSERT INTO figure_counts (issuer, days, counts, counted_at) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (issuer, days) DO UPDATE SET counts = excluded.counts, counted_at = excluded.counted_at"
)
_READ = "SELECT counts, counted_at FROM figure_counts WHERE issuer = $1 AND days = $2"
_OPEN = "SELECT count(*) FROM resolved_samples WHERE issuer = $1 AND solved IS NULL"
_NEXT = (
    "SELECT s.conversation_id FROM resolved_samples s JOIN conversations c ON c.id = s.conversation_id"
    " WHERE s.issuer = $1 AND s.solved IS NULL AND c.data_key IS NOT NULL"
    " ORDER BY s.drawn_at, s.conversation_id LIMIT 1"
)
_AUDITED = (
    "UPDATE resolved_samples SET solved = $3, audited_by = $4, audited_at = now()"
    " WHERE conversation_id = $1 AND issuer = $2 AND solved IS NULL RETURNING true"
)
_SITES = "SELECT DISTINCT issuer FROM conversations WHERE created_at >= $1"


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts, and when they were made."""

    counts: Counts
    at: datetime


async def sites(db: Connection, now: datetime) -> list[str]:
    """The sites whose customers wrote in the longest of the times."""
    return [row["issuer"] for row in await db.fetch(_SITES, now - timedelta(days=max(DAYS)))]


async def recount(db: Connection, site: str, now: datetime) -> None:
    """Count all times anew, and draw for the audit what is missing there; nothing when somebody else is at it. The
    caller brings the transaction.
    """
    if not await db.fetchval(_LOCK):
        return
    waiting = await db.fetchval(_OPEN, site)
    if waiting < _SAMPLE:
        await draw_sample(db, site, now - timedelta(days=_SAMPLE_DAYS), now, _SAMPLE - waiting)
    for days in DAYS:
        counts = await count_fates(db, site, now - timedelta(days=days), now, now)
        await db.execute(_KEEP, site, days, counts.model_dump_json(), now)


async def counted(db: Connection, site: str, days: int) -> Counted | None:
    """What was counted last; None before the first time."""
    row = await db.fetchrow(_READ, site, days)
    return None if row is None else Counted(Counts.model_validate_json(row["counts"]), row["counted_at"])


async def next_to_audit(db: Connection, site: str) -> str | None:
    """The conversation that staff audit next; None when none waits."""
    found: str | None = await db.fetchval(_NEXT, site)
    return found


async def audit_sample(db: Connection, site: str, conversation_id: str, by: str, *, solved: bool) -> bool:
    """Keep what staff say of a drawn conversation; False when it waits for nobody."""
    return bool(await db.fetchval(_AUDITED, conversation_id, site, solved, by))
