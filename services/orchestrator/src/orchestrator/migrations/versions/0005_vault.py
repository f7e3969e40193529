"""Personal data apart from what was said, and conversations whose person was erased."""

from servicekit.db.migration_env import execute_sql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The vault, and what erasing needs."""
    execute_sql(__file__, "0005_vault.sql")
