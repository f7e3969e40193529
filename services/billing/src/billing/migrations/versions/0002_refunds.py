"""Refunds, their chained events, and our own ledger as a provider of refunds."""

from servicekit.db.migration_env import execute_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates what refunds need beside the charges."""
    execute_sql(__file__, "0002_refunds.sql")
