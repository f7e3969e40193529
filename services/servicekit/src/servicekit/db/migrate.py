"""Brings a service's database to its newest schema: `python -m servicekit.db.migrate orders`."""

import argparse
import importlib.util
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError


class NewerDatabase(Exception):
    """A later release has migrated the database: there is nothing that this one could do."""


def migrate(package: str, database_url: str) -> None:
    """Upgrades to the head of `<package>.migrations`. Blocks; an event loop may be running.

    Several processes may do it at once: they queue. Within a process one at a time, for alembic keeps global state.
    Raises NewerDatabase, and has changed nothing then.
    """
    config = _config(package)
    config.attributes["url"] = database_url
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="migrate") as worker:
        try:
            worker.submit(command.upgrade, config, "head").result()
        except CommandError as error:
            # "head" is known here, so it is the database's revision that is not.
            if isinstance(error.__cause__, ResolutionError):
                raise NewerDatabase(f"{package}: {error}") from error
            raise


def knows(package: str, revision: str) -> bool:
    """Whether this code has that migration of the package: a database with another one is of a newer version."""
    return revision in {one.revision for one in ScriptDirectory.from_config(_config(package)).walk_revisions()}


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_migrations_of(package)))
    config.set_main_option("path_separator", "os")
    return config


def _migrations_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"{package} is not a package")
    folder = Path(next(iter(spec.submodule_search_locations))) / "migrations"
    if not (folder / "env.py").is_file():
        raise ValueError(f"{package} has no migrations/env.py")
    return folder


def main() -> None:
    """The command: the URL comes from AIGUY_DATABASE_URL, or from the file that AIGUY_DATABASE_URL_FILE names."""
    parser = argparse.ArgumentParser(description="Bring a service's database to its newest schema.")
    parser.add_argument("package", help="the service, such as orders")
    package = parser.parse_args().package
    url = os.environ.get("AIGUY_DATABASE_URL")
    if not url and (path := os.environ.get("AIGUY_DATABASE_URL_FILE")):
        url = Path(path).read_text(encoding="utf-8").strip()
    if not url:
        parser.error("set AIGUY_DATABASE_URL or AIGUY_DATABASE_URL_FILE")
    try:
        migrate(package, url)
    except NewerDatabase as newer:
        # As when a release is taken back, or blue is applied while green is tried: migrations suit the release before.
        sys.stderr.write(f"A later release has migrated this database; nothing is to be done. {newer}\n")


if __name__ == "__main__":
    main()
