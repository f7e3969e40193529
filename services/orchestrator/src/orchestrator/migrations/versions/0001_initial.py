"""Conversations, turns, journal, cards; and the job queue's own tables."""

from servicekit.db.migration_env import execute_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    execute_sql(__file__, "0001_queue.sql")
    execute_sql(__file__, "0001_initial.sql")
