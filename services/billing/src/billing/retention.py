"""How long rows of billing live: what moved money stays."""

from billing.settings import Settings
from servicekit.retention import DATA_KEYS, Kept, Rule, kit_rules

_LAW = "business records, kept by law"
_CHAIN = "the record of money that moved: append-only, and nothing of it is ever deleted"


def retention(settings: Settings) -> tuple[Rule, ...]:
    """A rule for each table. That a refund is made once rests on its own row, which outlives every idempotency key."""
    return (
        *kit_rules(idempotency_days=settings.idempotency_retention_days),
        DATA_KEYS,
        Kept("invoices", _LAW),
        Kept("invoice_lines", _LAW),
        Kept("charges", _LAW),
        Kept("refunds", f"{_CHAIN}; the words go with a person's erasure"),
        Kept("refund_heads", _CHAIN),
        Kept("refund_events", _CHAIN),
        Kept("ledger_refunds", _CHAIN),
        Kept("refund_searches", "one row for each restore"),
        Kept("refunds_found", _CHAIN),
    )
