"""How much was said in a conversation, so that a copy of it elsewhere is known to be whole."""

from servicekit.db.migration_env import execute_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Conversations count the messages of their thread."""
    execute_sql(__file__, "0009_thread_length.sql")
