"""What support answered, and the search over it."""

from servicekit.db.migration_env import execute_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Resolutions of tickets, and their words."""
    execute_sql(__file__, "0004_resolutions.sql")
