"""What the journal and the queue say of the service: who waits and since when, and how the last 24 hours went."""

from orchestrator.jobs.queue import (
    CHECK_MAIL,
    END_CALLBACK,
    ERASE_ELSEWHERE,
    EXPIRE_CARD,
    HAND_OFF,
    MAIL_ANSWER,
    MAIL_STAFF,
    MAIL_WAITING,
    REMIND_STAFF,
    RUN_LATER,
    RUN_TURN,
    SLACK_CHAT,
    SLACK_STAFF,
    TELL_STAFF,
    TRY_AGAIN,
)
from orchestrator.journal.answers import THUMBS
from servicekit.telemetry.numbers import Number

_KINDS = (
    RUN_TURN, RUN_LATER, TRY_AGAIN, END_CALLBACK, HAND_OFF, MAIL_ANSWER, MAIL_STAFF, MAIL_WAITING, REMIND_STAFF,
    CHECK_MAIL, ERASE_ELSEWHERE, TELL_STAFF, EXPIRE_CARD, SLACK_CHAT, SLACK_STAFF,
)  # fmt: skip
_JOBS = tuple((one,) for one in _KINDS)
_OPEN = (("queued",), ("running",), ("waiting",), ("by_mail",))
_BY = (("bot",), ("staff",))
_AGE = "coalesce(extract(epoch FROM now() - min({})), 0)"
_APPROVALS = "FROM cards WHERE state = 'open' AND kind = 'approval' AND expires_at > now()"
_DUE = "FROM pgqueuer WHERE status = 'queued' AND execute_after <= now() GROUP BY entrypoint"
#: One whose answer was promised by e-mail stands behind everybody who is there, however long that takes.
_STATUS = "CASE WHEN by_mail = 'promised' AND runs = 0 THEN 'by_mail' ELSE status END"
_TURNS = "FROM turns WHERE status <> 'ended' GROUP BY 1"
#: The conversations of the day: who answers by now, how the last turn ended, and what all of their turns cost.
_DAY = """
WITH day AS (
    SELECT DISTINCT ON (t.conversation_id) t.outcome, c.answering,
        c.answering = 'staff' OR bool_or(t.outcome IN ('handed_over', 'with_staff')) OVER whole AS by_staff,
        sum(t.cost_micros) OVER whole AS cost
    FROM turns t JOIN conversations c ON c.id = t.conversation_id
    WHERE t.created_at > now() - interval '24 hours' AND t.status = 'ended'
    WINDOW whole AS (PARTITION BY t.conversation_id)
    ORDER BY t.conversation_id, t.ordinal DESC
)
"""
_RESOLVED = "NOT by_staff AND outcome = 'answered'"
_OFF = """
SELECT tool, channel, extract(epoch FROM now() - changed_at) FROM (
    SELECT DISTINCT ON (tool, channel) * FROM switch_changes ORDER BY tool, channel, id DESC
) AS last WHERE became = 'off'
"""
_RATED = """
FROM feedback f JOIN turns t ON t.id = f.turn_id WHERE t.created_at > now() - interval '24 hours'
"""

#: Whoever stepped in by themselves was not waited for.
_WAIT = "FROM hand_overs WHERE ended_at IS NULL AND human_at IS NULL AND reason <> 'staff'"
#: One that nobody reads any more is not looked at for long.
_MAILBOXES = "FROM mailboxes WHERE due_at > now() - interval '1 hour'"
_SHARES = (("0.5",), ("0.95",))
_HUMAN = (
    "SELECT share::text, percentile_cont(share) WITHIN GROUP (ORDER BY extract(epoch FROM human_at - asked_at))"
    " FROM hand_overs, unnest(ARRAY[0.5, 0.95]) AS share"
    " WHERE asked_at > now() - interval '24 hours' AND human_at IS NOT NULL AND reason <> 'staff' GROUP BY share"
)

NUMBERS = (
    Number(
        "aiguy_approvals_waiting", "Cards that wait for staff.", f"SELECT count(*) {_APPROVALS}",
    ),
    Number(
        "aiguy_approvals_oldest_seconds", "For how long the oldest card has waited for staff.",
        f"SELECT {_AGE.format('created_at')} {_APPROVALS}",
    ),
    Number(
        "aiguy_jobs_due", "Jobs of the queue whose time has come.",
        f"SELECT entrypoint, count(*) {_DUE}", ("kind",), _JOBS,
    ),
    Number(
        "aiguy_jobs_oldest_seconds", "For how long the oldest job of the queue has been due.",
        f"SELECT entrypoint, {_AGE.format('execute_after')} {_DUE}", ("kind",), _JOBS,
    ),
    Number(
        "aiguy_turns_open", "Turns not over: behind another one, at work, waiting for somebody, promised by e-mail.",
        f"SELECT {_STATUS}, count(*) {_TURNS}", ("status",), _OPEN,
    ),
    Number(
        "aiguy_turns_oldest_seconds", "The age of the oldest turn that is not over.",
        f"SELECT {_STATUS}, {_AGE.format('created_at')} {_TURNS}", ("status",), _OPEN,
    ),
    Number(
        "aiguy_switch_off_seconds", "For how long a tool, a channel, or a tool in a channel has been switched off.",
        _OFF, ("tool", "channel"),
    ),
    Number(
        "aiguy_conversations_with_staff", "Conversations that a person answers, or is to answer.",
        "SELECT count(*) FROM conversations WHERE answering = 'staff'",
    ),
    Number(
        "aiguy_people_waiting", "Customers who were handed over, and to whom no person has spoken yet.",
        f"SELECT count(*) {_WAIT}",
    ),
    Number(
        "aiguy_people_oldest_seconds", "For how long the first of them has waited.",
        f"SELECT {_AGE.format('asked_at')} {_WAIT}",
    ),
    Number(
        "aiguy_day_time_to_human_seconds", "From the hand-over to a person's first words, in the last 24 hours.",
        _HUMAN, ("share",), _SHARES, shared=True,
    ),
    Number(
        "aiguy_mailbox_unread_seconds", "For how long the mailbox that is fetched from was not read.",
        f"SELECT {_AGE.format('coalesce(read_at, began_at)')} {_MAILBOXES}",
    ),
    Number(
        "aiguy_day_conversations", "Conversations of the last 24 hours, by who brought them to their end.",
        f"{_DAY} SELECT CASE WHEN by_staff THEN 'staff' ELSE 'bot' END, count(*) FROM day GROUP BY 1",  # noqa: S608
        ("by",), _BY, shared=True,
    ),
    Number(
        "aiguy_day_resolved_conversations", "Those of the last 24 hours that ended with an answer, without a person.",
        f"{_DAY} SELECT count(*) FROM day WHERE {_RESOLVED}", shared=True,  # noqa: S608
    ),
    Number(
        "aiguy_day_cost_dollars", "What the models cost in the last 24 hours.",
        f"{_DAY} SELECT coalesce(sum(cost), 0) / 1e6 FROM day", shared=True,  # noqa: S608
    ),
    Number(
        "aiguy_day_csat_answers", "Satisfaction of the last 24 hours: how many gave each score, of 1 to 5.",
        f"SELECT csat, count(*) {_RATED} AND csat IS NOT NULL GROUP BY csat",
        ("score",), tuple((str(score),) for score in range(1, 6)), shared=True,
    ),
    Number(
        "aiguy_day_thumbs", "Thumbs of the last 24 hours.",
        f"SELECT CASE thumbs WHEN {THUMBS['up']} THEN 'up' ELSE 'down' END, count(*)"
        f" {_RATED} AND thumbs IS NOT NULL GROUP BY thumbs",
        ("way",), tuple((way,) for way in THUMBS), shared=True,
    ),
    Number(
        "aiguy_day_knowledge_gaps", "Questions of the last 24 hours that have no good answer yet, by reason.",
        "SELECT reason, count(*) FROM knowledge_gaps WHERE asked_at > now() - interval '24 hours'"
        " AND answered_at IS NULL AND dismissed_at IS NULL GROUP BY reason",
        ("reason",), (("not_answerable",), ("unsupported",), ("thumbs_down",)), shared=True,
    ),
)  # fmt: skip
