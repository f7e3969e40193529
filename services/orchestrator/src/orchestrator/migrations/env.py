"""Alembic's entry point; everything is in the kit."""

from servicekit.db.migration_env import run

run()
