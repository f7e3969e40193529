"""Signing out of the console at the organisation's provider too."""

from servicekit.db.migration_env import execute_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """One column, which is NULL for sessions that are there."""
    execute_sql(__file__, "0019_signing_out.sql")
