"""The statement that gives each conversation of a time one end, and what is counted over them.

A conversation is settled when nothing was said for a day. `escalated`: a person came into it, or was to come.
`reopened`: its customer came back within seven days of an answer, a day later or in another conversation. `resolved`:
its last word was an answer, and nothing followed. `abandoned`: the customer left something open. `unanswered`: the
assistant had no answer, or none that its customer did not give a thumb down.
"""

from datetime import datetime

from orchestrator.figures.counts import FATES, Counts
from servicekit.db.pool import Connection

_OF = """
WITH mine AS (
    SELECT c.id, c.answering, c.created_at, CASE WHEN c.customer THEN c.subject_hash ELSE c.id END AS person
    FROM conversations c WHERE c.issuer = $1 AND c.created_at >= $2 AND c.created_at < $3
), told AS (
    SELECT t.conversation_id AS id, t.ordinal, t.status, t.outcome, t.created_at, t.ended_at, t.cost_micros,
        b.thumbs,
        lag(t.outcome) OVER whole = 'answered'
            AND t.created_at - lag(t.ended_at) OVER whole BETWEEN interval '1 day' AND interval '7 days' AS again
    FROM turns t LEFT JOIN feedback b ON b.turn_id = t.id
    WHERE t.created_at >= $2 AND t.conversation_id IN (SELECT id FROM mine)
    WINDOW whole AS (PARTITION BY t.conversation_id ORDER BY t.ordinal)
), folded AS (
    SELECT id, (array_agg(outcome ORDER BY ordinal DESC))[1] AS last,
        (array_agg(thumbs ORDER BY ordinal DESC))[1] IS NOT DISTINCT FROM -1 AS disliked,
        bool_or(status <> 'ended') AS under_way,
        bool_or(outcome IN ('handed_over', 'with_staff')) AS handed, bool_or(again) AS again,
        min(ended_at) FILTER (WHERE outcome = 'handed_over') AS handed_at, max(created_at) AS last_asked,
        max(ended_at) AS ended_at, sum(cost_micros)::float8 AS cost
    FROM told GROUP BY id
), people AS (
    SELECT conversation_id AS id, min(at) AS at FROM (
        SELECT conversation_id, said_at AS at FROM staff_messages WHERE said_at >= $2
        UNION ALL SELECT conversation_id, done_at FROM staff_steps WHERE step = 'takeover' AND done_at >= $2
    ) came GROUP BY conversation_id
), joined AS (
    SELECT m.id, m.created_at, m.person, f.cost, f.handed_at, p.at AS person_at,
        coalesce(f.handed, false) OR m.answering = 'staff' OR p.at IS NOT NULL AS escalated,
        f.under_way OR f.last_asked > $4::timestamptz - interval '1 day' AS open, f.last, f.disliked, f.again,
        lead(m.created_at) OVER (PARTITION BY m.person ORDER BY m.created_at) - f.ended_at
            BETWEEN interval '0' AND interval '7 days' AS back
    FROM mine m JOIN folded f USING (id) LEFT JOIN people p USING (id)
), fates AS (
    SELECT *, CASE
        WHEN escalated THEN 'escalated'
        WHEN open THEN 'open'
        WHEN coalesce(again, false) OR last = 'answered' AND coalesce(back, false) THEN 'reopened'
        WHEN last = 'answered' AND NOT disliked THEN 'resolved'
        WHEN last IN ('clarify', 'declined', 'expired', 'stopped') THEN 'abandoned'
        ELSE 'unanswered' END AS fate
    FROM joined
)
"""
_COUNTED = f"""{_OF}
SELECT {", ".join(f"count(*) FILTER (WHERE fate = '{fate}') AS {fate}" for fate in FATES)},
    coalesce(sum(cost), 0) AS cost, coalesce(sum(cost * cost), 0) AS cost_squares,
    coalesce(sum(cost) FILTER (WHERE fate = 'resolved'), 0) AS cost_resolved,
    array_agg(greatest(0, extract(epoch FROM person_at - handed_at))::float8)
        FILTER (WHERE handed_at IS NOT NULL AND person_at IS NOT NULL) AS waits,
    count(*) FILTER (WHERE handed_at IS NOT NULL AND person_at IS NULL) AS waiting,
    (SELECT array_agg(b.csat::integer) FROM feedback b JOIN fates g ON g.id = b.conversation_id
        WHERE b.csat IS NOT NULL) AS scores,
    (SELECT count(*) FROM resolved_samples s JOIN fates g ON g.id = s.conversation_id
        WHERE s.solved AND g.fate = 'resolved') AS solved,
    (SELECT count(*) FROM resolved_samples s JOIN fates g ON g.id = s.conversation_id
        WHERE NOT s.solved AND g.fate = 'resolved') AS unsolved
FROM fates
"""  # noqa: S608 - constants
_DRAW = f"""{_OF}
INSERT INTO resolved_samples (conversation_id, issuer)
    SELECT f.id, $1 FROM fates f WHERE fate = 'resolved' AND NOT EXISTS (
        SELECT FROM resolved_samples s WHERE s.conversation_id = f.id) ORDER BY random() LIMIT $5
"""  # noqa: S608 - constants


async def count_fates(db: Connection, site: str, since: datetime, until: datetime, now: datetime) -> Counts:
    """The conversations of the site's customers that began in this time."""
    row = await db.fetchrow(_COUNTED, site, since, until, now)
    if row is None:
        raise AssertionError("an aggregate always gives a row")
    told = dict(row)
    return Counts(
        fates={fate: told[fate] for fate in FATES}, waits=sorted(told["waits"] or ()), scores=told["scores"] or [],
        **{name: told[name] for name in (
            "cost", "cost_squares", "cost_resolved", "waiting", "solved", "unsolved",
        )},
    )  # fmt: skip


async def draw_sample(db: Connection, site: str, since: datetime, now: datetime, most: int) -> None:
    """Put so many more of the resolved conversations of this time, by chance, before staff."""
    await db.execute(_DRAW, site, since, now, now, most)
