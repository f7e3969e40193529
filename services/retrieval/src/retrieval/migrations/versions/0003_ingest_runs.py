"""Runs of an ingest, and where each document was found in its source."""

from servicekit.db.migration_env import execute_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates both tables."""
    execute_sql(__file__, "0003_ingest_runs.sql")
