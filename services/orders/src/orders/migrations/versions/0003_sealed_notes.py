"""Notes are sealed with a key of the customer's."""

from servicekit.db.migration_env import execute_kit_sql, execute_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes room; the service seals what is there already when it starts."""
    execute_kit_sql("data_keys.sql")
    execute_sql(__file__, "0003_sealed_notes.sql")
