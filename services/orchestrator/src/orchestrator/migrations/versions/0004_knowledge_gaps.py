"""Questions without a good answer, and the audit record of what staff do with them."""

from servicekit.db.migration_env import execute_kit_sql, execute_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """The gaps, and the kit's audit table."""
    execute_kit_sql("audit.sql")
    execute_sql(__file__, "0004_knowledge_gaps.sql")
