"""Who is with a person, why and since when; what staff say and do; how sure each turn was."""

from servicekit.db.migration_env import execute_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The columns, and the tables of what staff do."""
    execute_sql(__file__, "0006_staff_answer.sql")
