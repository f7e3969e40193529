"""Macros: suggestions from what staff said, approved texts with their versions, and which message was one."""

from servicekit.db.migration_env import execute_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Five tables, and what a message of staff was made from."""
    execute_sql(__file__, "0018_macros.sql")
