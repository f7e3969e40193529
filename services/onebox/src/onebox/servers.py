"""Postgres and Valkey of the stack: embedded ones, or the user's own by URL.

`AIGUY_DATABASE_URL` names a role that may create databases and roles; `AIGUY_REDIS_URL` a Redis 7 or Valkey.
"""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from onebox.home import DEMO, Home
from servicekit.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey
from servicekit.embedded.attach import running_url
from servicekit.embedded.files import derive, read_or_create_secret


class DatabaseServer(Protocol):
    """A Postgres server that can hold one database per service."""

    label: str

    @property
    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""

    def start(self) -> None:
        """Blocks until it accepts connections."""

    async def create_databases(self, names: Sequence[str], fresh: Collection[str] = ()) -> dict[str, str]:
        """One database per name, owned by a role of the same name; their URLs. Those of `fresh` start empty."""

    def stop(self) -> None:
        """Blocks until it is down; leaves a server alone that it did not start."""


class RedisServer(Protocol):
    """A Redis or Valkey server."""

    label: str

    @property
    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""

    def start(self) -> None:
        """Blocks until it answers."""

    def urls(self, names: Sequence[str]) -> dict[str, str]:
        """A URL per service."""

    def stop(self) -> None:
        """Blocks until it is down; leaves a server alone that it did not start."""


def database_server(home: Home, environment: Mapping[str, str] = os.environ) -> DatabaseServer:
    """The user's own server when AIGUY_DATABASE_URL is set, else an embedded one under the state directory."""
    if url := environment.get("AIGUY_DATABASE_URL"):
        return GivenPostgres(url, home)
    return OwnPostgres(home.root / "postgres")


def redis_server(home: Home, environment: Mapping[str, str] = os.environ) -> RedisServer:
    """The user's own server when AIGUY_REDIS_URL is set, else an embedded one under the state directory."""
    if url := environment.get("AIGUY_REDIS_URL"):
        return GivenRedis(url)
    return OwnValkey(home.root / "valkey")


def running_urls(home: Home, names: Sequence[str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What `create_databases` said to a stack that another process runs. Raises EmbeddedError when none does."""
    if url := environment.get("AIGUY_DATABASE_URL"):
        secret = home.keys / "database-secret"
        if not secret.exists():
            raise EmbeddedError(f"no stack made its databases on {_host(url)} from here")
        return {name: _as(url, _own(name, home), derive(read_or_create_secret(secret), name)) for name in names}
    return {name: running_url(home.root / "postgres", _own(name), _own(name)) for name in names}


class OwnPostgres:
    """An embedded server."""

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedPostgres(directory)
        self.label = "embedded"

    @property
    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""
        return self._server.pid

    def start(self) -> None:
        """Start it."""
        self._server.start()
        self.label = f"embedded, 127.0.0.1:{self._server.port}"

    async def create_databases(self, names: Sequence[str], fresh: Collection[str] = ()) -> dict[str, str]:
        """One database and role per name."""
        for name in fresh:
            self._server.execute(f'DROP DATABASE IF EXISTS "{_own(name)}" WITH (FORCE);')
        self._server.create_databases({_own(name): _own(name) for name in names})
        return {name: self._server.url(_own(name), _own(name)) for name in names}

    def stop(self) -> None:
        """Stop it."""
        self._server.stop()


class GivenPostgres:
    """The user's own server: databases and roles are made on it, it is never started or stopped.

    The demo has databases of its own there: what it throws away is nobody else's.
    """

    def __init__(self, url: str, home: Home) -> None:
        self._url = url
        self._home = home
        self.label = f"yours, {_host(url)}"

    @property
    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""
        return None

    def start(self) -> None:
        """It runs already."""

    async def create_databases(self, names: Sequence[str], fresh: Collection[str] = ()) -> dict[str, str]:
        """One database and role per name; the roles' passwords derive from a secret under the state directory."""
        secret = read_or_create_secret(self._home.keys / "database-secret")
        connection = await asyncpg.connect(self._url)
        try:
            for name in names:
                role, password = _own(name, self._home), derive(secret, name)
                if name in fresh:
                    await connection.execute(f'DROP DATABASE IF EXISTS "{role}" WITH (FORCE)')
                if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                    await connection.execute(f'CREATE ROLE "{role}" LOGIN')
                await connection.execute(f"ALTER ROLE \"{role}\" PASSWORD '{password}'")
                await connection.execute(f'GRANT "{role}" TO CURRENT_USER')
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", role):
                    await connection.execute(f'CREATE DATABASE "{role}" OWNER "{role}"')
        finally:
            await connection.close()
        return {name: _as(self._url, _own(name, self._home), derive(secret, name)) for name in names}

    def stop(self) -> None:
        """It is not ours to stop."""


class OwnValkey:
    """An embedded server; each service has a logical database of its own."""

    def __init__(self, directory: Path) -> None:
        self._server = EmbeddedValkey(directory)
        self.label = "embedded"

    @property
    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""
        return self._server.pid

    def start(self) -> None:
        """Start it."""
        self._server.start()
        self.label = f"embedded, 127.0.0.1:{self._server.port}"

    def urls(self, names: Sequence[str]) -> dict[str, str]:
        """Databases 0, 1, 2 … in the order of the names."""
        return {name: f"{self._server.url.removesuffix('/0')}/{number}" for number, name in enumerate(names)}

    def stop(self) -> None:
        """Stop it."""
        self._server.stop()


class GivenRedis:
    """The user's own server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.label = f"yours, {_host(url)}"

    @property
    def pid(self) -> int | None:
        """Its process, when it runs and is ours."""
        return None

    def start(self) -> None:
        """It runs already."""

    def urls(self, names: Sequence[str]) -> dict[str, str]:
        """The same URL for all."""
        return dict.fromkeys(names, self._url)

    def stop(self) -> None:
        """It is not ours to stop."""


def _own(name: str, home: Home | None = None) -> str:
    """The name of a service's database; on a server that several stacks share, the demo's stand apart."""
    return f"aiguy_demo_{name}" if home is not None and home.root.name == DEMO else f"aiguy_{name}"


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _as(url: str, role: str, password: str) -> str:
    """The URL of the same server for another role, whose database has its name."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password)}@{place}", path=f"/{role}"))
