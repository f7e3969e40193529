"""Switches: which tools and channels are on, who changed that and why, and the writes that were begun."""

from servicekit.db.migration_env import execute_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """An append-only table of changes, and one of begun writes, which go to their end whatever is switched."""
    execute_sql(__file__, "0013_switches.sql")
