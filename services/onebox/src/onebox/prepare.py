"""Brings every service's database up to date, then fills in the demo shop: one process for all, to save start-up.

Reads `{"<package>": "<database url>", …}` from standard input, because arguments can be seen by other users.
"""

import importlib.util
import json
import runpy
import sys

from servicekit.db.migrate import migrate


def prepare(databases: dict[str, str]) -> None:
    """Migrate and seed. Raises what a migration or a seed raises."""
    for package, url in databases.items():
        migrate(package, url)
        print(f"{package}: migrated", flush=True)
