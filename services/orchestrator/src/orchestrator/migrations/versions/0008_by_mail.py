"""Answers that are promised by e-mail, and turns that wait behind others."""

from servicekit.db.migration_env import execute_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A turn knows that its answer is owed by e-mail; its job has the place that its customer is due."""
    execute_sql(__file__, "0008_by_mail.sql")
