"""How long rows of orders live."""

from orders.settings import Settings
from servicekit.retention import DATA_KEYS, Forgotten, Kept, Rule, Swept, kit_rules

_CHANGES_DAYS = 365


def retention(settings: Settings) -> tuple[Rule, ...]:
    """A rule for each table."""
    return (
        *kit_rules(idempotency_days=settings.idempotency_retention_days),
        DATA_KEYS,
        Kept("customers", "the shop's own: kept for as long as the shop keeps them"),
        Kept("orders", "business records, kept by law"),
        Kept("order_items", "as their orders"),
        Kept("order_notes", "as their orders; the words go with a person's erasure"),
        # Which changes were counted: a webhook that comes again comes within hours.
        Forgotten("order_changes", "told_at", _CHANGES_DAYS, "what is told again after so long is counted again"),
        Swept("shop_deliveries", "orders.repository.note_delivery", "seven days, with each delivery"),
    )
