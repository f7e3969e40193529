"""Real servers for tests. In this order: a given URL, the embedded servers, containers; else a loud skip.

With AIGUY_TEST_REQUIRE_SERVERS=1 a missing server fails the run, so that CI cannot skip in silence.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servicekit.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey


def start_postgres(data_dir: Path) -> EmbeddedPostgres:
    """A Postgres for tests: real, but not durable."""
    server = EmbeddedPostgres(data_dir, fast=True)
    server.start()
    return server


def start_valkey(data_dir: Path) -> EmbeddedValkey:
    """A Valkey for tests."""
    server = EmbeddedValkey(data_dir)
    server.start()
    return server


@contextmanager
def postgres_url(data_dir: Path) -> Iterator[str]:
    """The URL of the `postgres` database of a server where databases may be made."""
    if given := os.environ.get("AIGUY_TEST_DATABASE_URL"):
        yield given
        return
    reasons: list[str] = []
    try:
        server = start_postgres(data_dir)
    except (EmbeddedError, OSError) as error:
        reasons.append(f"embedded: {error}")
    else:
        try:
            yield server.url("postgres")
        finally:
            server.remove()
        return
    try:
        from testcontainers.postgres import PostgresContainer  # noqa: PLC0415 - only where Docker is the last resort

        container = PostgresContainer("pgvector/pgvector:pg18", driver=None)
        container.start()
    except Exception as error:  # noqa: BLE001 - whatever Docker raises, the answer is to skip, and to say why
        reasons.append(f"containers: {type(error).__name__}")
    else:
        try:
            yield container.get_connection_url()
        finally:
            container.stop()
        return
    give_up("Postgres", reasons)


@contextmanager
def valkey_url(data_dir: Path) -> Iterator[str]:
    """The URL of a Valkey or Redis."""
    if given := os.environ.get("AIGUY_TEST_REDIS_URL"):
        yield given
        return
    reasons: list[str] = []
    try:
        server = start_valkey(data_dir)
    except (EmbeddedError, OSError) as error:
        reasons.append(f"embedded: {error}")
    else:
        try:
            yield server.url
        finally:
            server.remove()
        return
    try:
        from testcontainers.redis import RedisContainer  # noqa: PLC0415 - only where Docker is the last resort

        container = RedisContainer("valkey/valkey:9")
        container.start()
    except Exception as error:  # noqa: BLE001 - whatever Docker raises, the answer is to skip, and to say why
        reasons.append(f"containers: {type(error).__name__}")
    else:
        try:
            yield f"redis://{container.get_container_host_ip()}:{container.get_exposed_port(6379)}/0"
        finally:
            container.stop()
        return
    give_up("Valkey", reasons)


def give_up(what: str, reasons: list[str]) -> None:
    """Fail the test, or skip it where servers may be missing: none could be had for these reasons."""
    message = f"no {what} for this test ({'; '.join(reasons)})"
    if os.environ.get("AIGUY_TEST_REQUIRE_SERVERS") == "1":
        pytest.fail(message)
    pytest.skip(message)
