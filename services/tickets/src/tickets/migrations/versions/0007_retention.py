"""What the sweep of old rows looks for."""

from servicekit.db.migration_env import execute_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Two indexes."""
    execute_sql(__file__, "0007_retention.sql")
