"""What makes an e-mail part of a thread waits with it."""

from servicekit.db.migration_env import execute_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One column."""
    execute_sql(__file__, "0008_mail_headers.sql")
