"""Turns that run where they were accepted."""

from servicekit.db.migration_env import execute_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A lease in the turn's row."""
    execute_sql(__file__, "0002_begin_here.sql")
