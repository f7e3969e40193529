"""What a shop system has told us by webhook."""

from servicekit.db.migration_env import execute_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates the tables of changes and deliveries."""
    execute_sql(__file__, "0002_order_changes.sql")
