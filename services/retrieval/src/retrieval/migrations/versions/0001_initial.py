"""The first schema: documents, chunks, windows, and the kit's tables for idempotency and audit."""

from servicekit.db.migration_env import execute_kit_sql, execute_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates everything."""
    execute_kit_sql("idempotency.sql")
    execute_kit_sql("audit.sql")
    execute_sql(__file__, "0001_initial.sql")
