"""How long rows and keys of the orchestrator live: what people said ends with their conversation, the chain stays."""

from orchestrator.memory.short_term import MEMORY_PREFIX, TTL_S
from orchestrator.settings import Settings
from orchestrator.stream.frames import STREAM_PREFIX
from orchestrator.stream.publisher import STREAM_TTL_S
from orchestrator.tools.cache import CACHE_PREFIX, MARK_TTL_S
from servicekit.retention import LIMITS, NUMBERS, Expiring, Forgotten, Kept, Rule, Swept, kit_rules

#: How a job ended, and the traces of those that failed: for whoever looks the morning after the weekend.
_JOBS_DAYS = 7
#: Longer than any turn waits for somebody, and than an answer to a write is kept.
_BEGUN_DAYS = 90
#: Figures are of 90 days, and what is audited was begun up to 30 days before it was drawn.
_SAMPLE_DAYS = 120
#: The look at what staff said goes no further back (`policy/macros.yaml`).
_EVIDENCE_DAYS = 90
_ERASING = "orchestrator.privacy.erasing.erase_conversations"
_STUBS = "without a word after their conversation's time: what the journal's chain says can be counted, and not read"

REDIS = (
    LIMITS,
    NUMBERS,
    Expiring(STREAM_PREFIX, STREAM_TTL_S, "a turn's live events"),
    Expiring(MEMORY_PREFIX, TTL_S, "the last turns of a conversation"),
    Expiring(CACHE_PREFIX, MARK_TTL_S, "answers of reads, and when a person last wrote"),
)


def retention(settings: Settings) -> tuple[Rule, ...]:
    """A rule for each table."""
    return (
        *kit_rules(idempotency_days=None),
        Kept("conversations", _STUBS),
        Kept("turns", _STUBS),
        Kept("messages", _STUBS),
        Kept("journal", "append-only and chained; nobody can read it after its conversation's key is destroyed"),
        Kept("cards", _STUBS),
        Kept("card_decisions", _STUBS),
        Kept("feedback", _STUBS),
        Forgotten("console_sign_ins", "created_at", 1, "sign-ins at an organisation's provider that were never ended"),
        Forgotten("console_sessions", "expires_at", _JOBS_DAYS, "who was signed in at the console"),
        Forgotten("replay_spans", "created_at", _JOBS_DAYS, "what replays of some days came to"),
        Kept("policy_versions", "which rules were in force when: a row for each change"),
        Kept("figure_counts", "one row for each site and number of days"),
        Forgotten("resolved_samples", "drawn_at", _SAMPLE_DAYS, "what staff said of audited conversations"),
        Kept("staff_messages", _STUBS),
        Forgotten("macro_evidence", "said_at", _EVIDENCE_DAYS, "which answers of staff a suggested macro is made of"),
        Swept("macro_suggestions", "orchestrator.macros.keeper.MacroKeeper", "when none of its answers is left"),
        Kept("macro_runs", "one row for each site"),
        Kept("macros", "texts of the shop's own, retired ones too: answers were made from them"),
        Kept("macro_versions", "the same: who has changed what, and when"),
        Kept("staff_steps", _STUBS),
        Forgotten("mails", "created_at", settings.conversation_retention_days, "what a mail is known by, in hashes"),
        Forgotten(
            "mail_codes", "created_at", settings.conversation_retention_days, "which addresses were proven, in hashes"
        ),
        Kept("switch_changes", "who switched what, when and why; the last of each says how it stands"),
        Forgotten(
            "calls_begun", "begun_at", _BEGUN_DAYS, "writes that were sent: nobody asks what came of them any more"
        ),
        Forgotten("slack_messages", "created_at", settings.conversation_retention_days, "what is known of a message"),
        Forgotten("slack_threads", "created_at", settings.conversation_retention_days, "where it is shown in Slack"),
        Forgotten("slack_posts", "created_at", settings.conversation_retention_days, "what was posted there"),
        Forgotten("slack_links", "expires_at", _JOBS_DAYS, "who a person in Slack is"),
        Kept("mailboxes", "how far each was read: one row for each"),
        Forgotten("mails_aside", "created_at", 90, "which mails could not be taken in"),
        Forgotten("hand_overs", "asked_at", settings.conversation_retention_days, "how long customers waited"),
        Swept("thread", _ERASING, "deleted when the conversation's time is over"),
        Swept("vault", _ERASING, "deleted when the conversation's time is over"),
        Swept("knowledge_gaps", "orchestrator.gaps.keeper.GapKeeper", "AIGUY_GAPS_RETENTION_DAYS"),
        Swept("usage_days", "orchestrator.limits.keeper.UsageKeeper", "folded into one row for each day and model"),
        Kept("privacy_requests", "the proof that somebody was erased, without their name"),
        Kept("pgqueuer", "jobs that are not done yet"),
        Forgotten("pgqueuer_log", "created", _JOBS_DAYS, "what became of jobs"),
        Kept("pgqueuer_schedules", "one row for each schedule, of which there are none"),
        Kept("pgqueuer_statistics", "nothing writes to it"),
    )
