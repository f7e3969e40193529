"""When staff are told that a first reply is due, and of which moment they were told."""

from servicekit.db.migration_env import execute_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds both columns, and narrows the index of what is due."""
    execute_sql(__file__, "0003_sla_timers.sql")
