"""Pytest fixtures for all services; the root conftest.py registers them.

postgres_server, redis_url (session) · database_url (module; call it with a package) · issuer, clock (test)
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

import contracts.registry  # noqa: F401 - before collection: a folder `contracts/tests` must not take the package's name
from servicekit.crypto import Keyring
from servicekit.embedded.files import write_private
from servicekit.logging import processors
from servicekit.testing.clock import FakeClock
from servicekit.testing.databases import TestDatabases
from servicekit.testing.issuer import TestIssuer
from servicekit.testing.servers import postgres_url, valkey_url


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Logs as in production: structlog's own default renders each traceback for seconds."""
    structlog.configure(processors=[*processors("test"), structlog.processors.JSONRenderer()])


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestDatabases]:
    """One real Postgres for the run, on which databases are made."""
    with postgres_url(tmp_path_factory.mktemp("postgres")) as url:
        databases = TestDatabases(url)
        yield databases
        if "AIGUY_TEST_DATABASE_URL" in os.environ:  # a server of our own goes away as a whole
            databases.drop_all()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real Valkey for the run."""
    with valkey_url(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture(scope="session")
def master_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of master keys."""
    path = tmp_path_factory.mktemp("keys") / "master.json"
    write_private(path, Keyring.generate().to_json())
    return path


@pytest.fixture(scope="module")
def database_url(postgres_server: TestDatabases) -> Callable[[str | None], str]:
    """`database_url("orders")`: a fresh database with that service's schema; the same one all through a module."""
    made: dict[str | None, str] = {}

    def make(package: str | None = None) -> str:
        if package not in made:
            made[package] = postgres_server.create(package)
        return made[package]

    return make


@pytest.fixture
def issuer() -> TestIssuer:
    """An issuer called "orchestrator"; give `issuer.trust` to the verifier."""
    return TestIssuer.create()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that only the test moves."""
    return FakeClock()
