"""The SQL of suggestions: what was found is kept once, what was dismissed stays away, what is empty goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncpg import Record

from contracts.ids import new_id
from orchestrator.journal.conversations import COLUMNS
from orchestrator.macros.clustering import Cluster
from servicekit.db.pool import Connection

#: A look that was broken off is taken up again after so long.
_LEASE = timedelta(minutes=5)
#: So many suggestions are shown, and so many answers of each.
MOST_SHOWN, MOST_ANSWERS = 10, 10
#: Of several processes one writes.
_LOCK = "SELECT pg_advisory_xact_lock(7214615)"
_SITES = (
    "SELECT DISTINCT c.issuer FROM staff_messages m JOIN conversations c ON c.id = m.conversation_id"
    " WHERE m.said_at > $1"
)
_CLAIM = (
    "INSERT INTO macro_runs (issuer, begun_at) VALUES ($1, $2) ON CONFLICT (issuer) DO UPDATE"
    " SET begun_at = excluded.begun_at WHERE CASE WHEN macro_runs.done_at >= macro_runs.begun_at"
    " THEN macro_runs.done_at <= $3 ELSE macro_runs.begun_at <= $4 END RETURNING true"
)
_DONE = (
    "UPDATE macro_runs SET done_at = greatest($2, begun_at), answers = $3, clusters = $4, cut = $5, took_ms = $6"
    " WHERE issuer = $1"
)
_RUN = "SELECT * FROM macro_runs WHERE issuer = $1"
_KNOWN = (
    "SELECT e.suggestion_id FROM macro_evidence e JOIN macro_suggestions s ON s.id = e.suggestion_id"
    " WHERE s.issuer = $1 AND e.place = ANY ($2) GROUP BY e.suggestion_id"
    " ORDER BY count(*) DESC, e.suggestion_id LIMIT 1"
)
_BEGIN = "INSERT INTO macro_suggestions (id, issuer, language, found_at) VALUES ($1, $2, $3, $4)"
_ADD = (
    "INSERT INTO macro_evidence (place, asked_place, suggestion_id, conversation_id, reason, said_at)"
    # Of a conversation that was erased since it was read nothing is kept; one that is in use now comes tomorrow.
    " SELECT p, a, $1, c.id, r, t FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])"
    " AS told (p, a, conversation, r, t) JOIN conversations c ON c.id = told.conversation AND c.data_key IS NOT NULL"
    " FOR SHARE OF c SKIP LOCKED ON CONFLICT (place) DO NOTHING"
)
_IN_VAIN = "UPDATE macro_suggestions SET in_vain = $2 WHERE id = $1"
_COME_BACK = (
    "UPDATE macro_suggestions s SET state = 'open', decided_at = NULL, decided_by = NULL, dismissed_of = NULL,"
    " found_at = $2 WHERE s.issuer = $1 AND s.state = 'dismissed' AND 2 * s.dismissed_of <="
    " (SELECT count(DISTINCT e.conversation_id) FROM macro_evidence e WHERE e.suggestion_id = s.id)"
)
_EMPTY = "DELETE FROM macro_suggestions s WHERE NOT EXISTS (SELECT FROM macro_evidence e WHERE e.suggestion_id = s.id)"
_OPEN = (
    "SELECT s.id, s.language, s.in_vain, s.state, s.found_at, count(DISTINCT e.conversation_id) AS conversations,"
    " count(DISTINCT c.subject_hash) AS customers, max(e.said_at) AS last_said,"
    " array_agg(DISTINCT e.reason) AS reasons"
    " FROM macro_suggestions s JOIN macro_evidence e ON e.suggestion_id = s.id"
    " JOIN conversations c ON c.id = e.conversation_id AND c.data_key IS NOT NULL AND c.issuer = s.issuer"
    " WHERE s.issuer = $1 AND s.state = 'open' AND ($2 = '' OR s.id = $2) GROUP BY s.id"
    " HAVING least(count(DISTINCT e.conversation_id), count(DISTINCT c.subject_hash)) >= $3"
    " ORDER BY customers DESC, s.id LIMIT $4"
)
_ANSWERS = (
    f"SELECT e.suggestion_id, {COLUMNS}, a.content AS answer, q.content AS question"  # noqa: S608 - constants
    " FROM unnest($1::text[]) AS wanted (id) CROSS JOIN LATERAL (SELECT * FROM macro_evidence"
    " WHERE suggestion_id = wanted.id ORDER BY place DESC LIMIT $2) e"
    " JOIN conversations c ON c.id = e.conversation_id AND c.data_key IS NOT NULL"
    " JOIN thread a ON a.id = e.place JOIN thread q ON q.id = e.asked_place ORDER BY e.place DESC"
)
_DECIDE = (
    "UPDATE macro_suggestions s SET state = $3, decided_by = $4, decided_at = $5,"
    " dismissed_of = CASE WHEN $3 = 'dismissed' THEN"
    " (SELECT count(DISTINCT e.conversation_id) FROM macro_evidence e WHERE e.suggestion_id = s.id) END"
    " WHERE s.id = $2 AND s.issuer = $1 AND s.state = 'open' RETURNING s.language"
)


@dataclass(frozen=True, slots=True)
class Run:
    """The last look at a site's answers: None for `done_at` before the first has ended."""

    done_at: datetime | None
    answers: int
    clusters: int
    cut: bool
    took_ms: int


@dataclass(frozen=True, slots=True)
class Counted:
    """An open suggestion without its words."""

    id: str
    language: str
    conversations: int
    customers: int
    in_vain: int
    last_said: datetime
    reasons: tuple[str, ...]


async def sites_with_staff(db: Connection, after: datetime) -> list[str]:
    """The sites whose staff have said something since then."""
    return [row["issuer"] for row in await db.fetch(_SITES, after)]


async def claim(db: Connection, site: str, now: datetime, every: timedelta) -> bool:
    """Take the next look at a site's answers, when the last is over for so long; False: it is not due, or taken."""
    return bool(await db.fetchval(_CLAIM, site, now, now - every, now - _LEASE))


async def forget_empty(db: Connection) -> None:
    """Delete suggestions of which no answer is left: their customers were erased, or their time is over."""
    await db.execute(_EMPTY)


async def last_run(db: Connection, site: str) -> Run | None:
    """What the last look came to; None before the first."""
    row = await db.fetchrow(_RUN, site)
    if row is None:
        return None
    return Run(row["done_at"], row["answers"], row["clusters"], row["cut"], row["took_ms"])


async def keep_found(
    db: Connection, site: str, found: Sequence[tuple[Cluster, int]], now: datetime, run: Run
) -> None:  # fmt: skip
    """Keep clusters, each with how many asked in vain, and that the look is done. The caller brings the
    transaction: all of it or nothing; the same again changes nothing.
    """
    await db.execute(_LOCK)
    for cluster, in_vain in found:
        answers = cluster.answers
        places = [one.place for one in answers]
        suggestion_id = await db.fetchval(_KNOWN, site, places)
        if suggestion_id is None:
            suggestion_id = new_id("mcs")
            await db.execute(_BEGIN, suggestion_id, site, answers[0].language, now)
        await db.execute(
            _ADD, suggestion_id, places, [one.asked_place for one in answers],
            [one.conversation_id for one in answers], [one.reason for one in answers], [one.said_at for one in answers],
        )  # fmt: skip
        await db.execute(_IN_VAIN, suggestion_id, in_vain)
    await db.execute(_COME_BACK, site, now)
    await db.execute(_DONE, site, now, run.answers, run.clusters, run.cut, run.took_ms)


async def open_suggestions(db: Connection, site: str, fewest: int, only: str = "") -> list[Counted]:
    """The site's open suggestions that enough conversations of enough customers still carry, the largest first."""
    return [_counted(row) for row in await db.fetch(_OPEN, site, only, fewest, MOST_SHOWN)]


async def answers_of(db: Connection, suggestion_ids: Sequence[str]) -> dict[str, list[Record]]:
    """By suggestion the newest answers with their questions, sealed, beside what opens their conversations."""
    found: dict[str, list[Record]] = {}
    for row in await db.fetch(_ANSWERS, list(suggestion_ids), MOST_ANSWERS):
        found.setdefault(row["suggestion_id"], []).append(row)
    return found


async def decide(db: Connection, site: str, suggestion_id: str, state: str, by: str, now: datetime) -> str | None:
    """An open suggestion is `approved` or `dismissed`; its language. None when it is not open, or another site's."""
    language: str | None = await db.fetchval(_DECIDE, site, suggestion_id, state, by, now)
    return language


def _counted(row: Record) -> Counted:
    return Counted(
        row["id"], row["language"], row["conversations"], row["customers"], row["in_vain"], row["last_said"],
        tuple(row["reasons"]),
    )  # fmt: skip
