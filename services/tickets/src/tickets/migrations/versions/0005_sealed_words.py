"""What people wrote is sealed with a key of theirs, and they are called by a hash."""

from servicekit.db.migration_env import execute_kit_sql, execute_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Makes room; the service seals what is there already when it starts."""
    execute_kit_sql("data_keys.sql")
    execute_sql(__file__, "0005_sealed_words.sql")
