"""Messages that wait for delivery, and tickets that are kept in somebody else's system."""

from servicekit.db.migration_env import execute_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates both tables."""
    execute_sql(__file__, "0002_outbox_and_remote_tickets.sql")
