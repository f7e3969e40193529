"""How long rows of tickets live."""

from servicekit.retention import DATA_KEYS, Forgotten, Kept, Rule, kit_rules
from tickets.settings import Settings

#: Longer than any idempotency key: a message has the id of the call that asked for it.
_MESSAGES_DAYS = 90


def retention(settings: Settings) -> tuple[Rule, ...]:
    """A rule for each table."""
    messages = max(_MESSAGES_DAYS, settings.idempotency_retention_days)
    return (
        *kit_rules(idempotency_days=settings.idempotency_retention_days),
        DATA_KEYS,
        Kept("tickets", "the shop's own; the words go with a person's erasure"),
        Kept("ticket_events", "what happened to them, append-only"),
        Kept("remote_tickets", "which ticket of ours is which in another system"),
        # Rows stay: those of a conversation are counted, and a count that went back would name two tickets the same.
        Forgotten(
            "handoffs", "created_at", settings.ticket_transcripts_days, "copies of conversations, which are erased",
            when="octet_length(transcript) + octet_length(summary) > 0", blanked="summary = '', transcript = ''",
        ),
        Forgotten("outbox", "ended_at", messages, "delivered, or given up", when="state <> 'waiting'"),
    )  # fmt: skip
