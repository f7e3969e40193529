"""The kit's tables, and `effects`: one row per effect that really happened."""

from servicekit.db.migration_env import execute_kit_sql, execute_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates them."""
    execute_sql(__file__, "0001_initial.sql")
    execute_kit_sql("idempotency.sql")
    execute_kit_sql("audit.sql")
