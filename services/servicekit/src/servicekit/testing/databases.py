"""Fresh migrated databases for tests: migrated once into a template, copied in milliseconds after that."""

import asyncio
import itertools
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from servicekit.db.migrate import migrate

T = TypeVar("T")


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, run in a loop of its own: also where a loop runs already."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


class TestDatabases:
    """Databases on one server. `url` is that of a database whose user may create others."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self._url = url
        self._templates: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._prefix = f"test_{id(self):x}"
        self._made: list[str] = []

    def create(self, package: str | None = None) -> str:
        """The URL of a new database with the newest schema of `package` (None: an empty one)."""
        name = self._name(package or "empty")
        template = self._template(package) if package else None
        in_thread(self._execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else "")))
        return self.url_of(name)

    def drop_all(self) -> None:
        """Drops what was made here."""
        in_thread(self._execute(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in reversed(self._made))))

    def url_of(self, name: str) -> str:
        """The URL of the database `name` on the same server."""
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{name}"))

    def _template(self, package: str) -> str:
        if package not in self._templates:
            name = self._name(f"template_{package}")
            in_thread(self._execute(f'CREATE DATABASE "{name}"'))
            migrate(package, self.url_of(name))
            self._templates[package] = name
        return self._templates[package]

    def _name(self, kind: str) -> str:
        name = f"{self._prefix}_{kind.replace('.', '_')}_{next(self._numbers)}"[-63:]
        self._made.append(name)
        return name

    async def _execute(self, *statements: str) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()
