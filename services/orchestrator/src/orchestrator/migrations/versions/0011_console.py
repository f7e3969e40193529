"""The staff console: who waits since when, its sessions, notes for colleagues, and the indexes of its pages."""

from servicekit.db.migration_env import execute_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Conversations know since when their customer waits for a person; cards know their policy's clause."""
    execute_sql(__file__, "0011_console.sql")
