"""Quick vectors, and deep ones that come later."""

from servicekit.db.migration_env import execute_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds the columns. What is stored already keeps its deep vectors; its quick ones are made when they are read."""
    execute_sql(__file__, "0002_two_step_ingest.sql")
