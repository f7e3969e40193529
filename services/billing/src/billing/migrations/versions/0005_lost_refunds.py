"""After a restore: what was given back meanwhile is looked for before anything else is."""

from servicekit.db.migration_env import execute_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Applies 0005_lost_refunds.sql."""
    execute_sql(__file__, "0005_lost_refunds.sql")
