"""A refund's state is that of its last event, and all that was agreed stays as it was."""

from servicekit.db.migration_env import execute_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Sharpens the two guards of refunds."""
    execute_sql(__file__, "0003_refund_guards.sql")
