"""Mailboxes that are read by IMAP, and how long customers wait for a person."""

from servicekit.db.migration_env import execute_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Three tables, and where a guest wants to be answered."""
    execute_sql(__file__, "0016_waiting_for_people.sql")
