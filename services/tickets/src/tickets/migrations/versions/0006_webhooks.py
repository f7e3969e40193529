"""A third way out for messages."""

from servicekit.db.migration_env import execute_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Messages of the kind webhook may wait."""
    execute_sql(__file__, "0006_webhooks.sql")
