"""The mails that came and those that went out: what is known again, and which conversation a reply belongs to."""

from servicekit.db.migration_env import execute_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """One table of keyed hashes; what an answer needs of the mail is sealed with its conversation's key."""
    execute_sql(__file__, "0012_mails.sql")
