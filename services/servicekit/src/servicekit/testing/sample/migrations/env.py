"""The migrations of the sample."""

from servicekit.db.migration_env import run

run()
