"""Slack: messages that came, where their conversations are shown, what was posted there, and who is who."""

from servicekit.db.migration_env import execute_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Four tables. Names of people and places are keyed hashes; what has to be read again is sealed."""
    execute_sql(__file__, "0015_slack.sql")
