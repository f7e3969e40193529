"""What was used by day, customer and model."""

from servicekit.db.migration_env import execute_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """The table of usage, and a `turn_end` that writes it and what 0006 added."""
    execute_sql(__file__, "0007_usage.sql")
