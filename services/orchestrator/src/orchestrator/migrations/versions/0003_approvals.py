"""Approvals by staff."""

from servicekit.db.migration_env import execute_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """How many a card needs, and who decided what."""
    execute_sql(__file__, "0003_approvals.sql")
