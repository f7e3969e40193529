"""One-time codes that prove a mail address."""

from servicekit.db.migration_env import execute_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """A table of codes, and what is known of a mail's sender."""
    execute_sql(__file__, "0017_mail_codes.sql")
