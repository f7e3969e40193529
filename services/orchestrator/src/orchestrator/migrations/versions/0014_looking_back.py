"""Looking back at the console: spans of turns that are replayed."""

from servicekit.db.migration_env import execute_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """A span knows how far it was replayed, and what was counted."""
    execute_sql(__file__, "0014_looking_back.sql")
