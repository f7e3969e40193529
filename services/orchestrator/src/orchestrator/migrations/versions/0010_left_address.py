"""The address that a guest leaves for an answer by e-mail, and what became of each such mail."""

from servicekit.db.migration_env import execute_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """A turn keeps the sealed address while a mail is owed to it, and knows whether its mail was sent or refused."""
    execute_sql(__file__, "0010_left_address.sql")
