"""Alembic's entry: the kit runs the migrations beside this file."""

from servicekit.db.migration_env import run

run()
