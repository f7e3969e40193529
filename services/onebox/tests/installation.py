"""Databases with their keys, and the folder of their backups, as the tests of backups find them."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console

from onebox.backup.__main__ import run
from onebox.backup.folder import backups_in
from onebox.backup.sealing import make_identity
from onebox.keys import KeyFiles
from servicekit import audit
from servicekit.auth import Caller, Role
from servicekit.testing.databases import TestDatabases

ADA = Caller("cust_ada", Role.CUSTOMER, "orchestrator", frozenset(), 0.0)
SERVICE = Caller("orchestrator", Role.SERVICE, "orchestrator", frozenset(), 0.0)
SERVICES = ("orders", "billing")
Connection = "asyncpg.Connection[asyncpg.Record]"


class Installation:
    """Databases, keys, and the folder of their backups."""

    def __init__(self, server: TestDatabases, folder: Path) -> None:
        self.server = server
        self.urls = {name: server.create(name) for name in SERVICES}
        self.keys = folder / "keys"
        self.keys.mkdir()
        KeyFiles(self.keys).create()
        self.backups = folder / "backups"
        self.identity = folder / "identity"
        make_identity(self.identity)

    def environment(self) -> dict[str, str]:
        return {
            "AIGUY_DATABASE_URLS": json.dumps(self.urls),
            "AIGUY_BACKUP_RECIPIENT_FILE": f"{self.identity}.pub",
            "AIGUY_BACKUP_IDENTITY_FILE": str(self.identity),
        }

    def do(self, *arguments: object) -> tuple[int, str]:
        """Exit code and words of the command."""
        told = StringIO()
        console = Console(file=told, width=400)
        return run([str(one) for one in arguments], self.environment(), console), told.getvalue()

    def take(self, *more: object) -> tuple[int, str]:
        return self.do("take", self.backups, "--keys", self.keys, *more)

    def restore(self, *more: object) -> tuple[int, str]:
        return self.do("restore", self.backups, "--keys", self.keys, *more)

    def elsewhere(self) -> None:
        """From here on the databases are new and empty, and the keys are gone."""
        self.urls = {name: self.server.create() for name in SERVICES}
        for file in self.keys.iterdir():
            file.unlink()

    def ask(self, service: str, query: str) -> Any:
        return at(self.urls[service], lambda db: db.fetchval(query))


def at(url: str, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def connected() -> Any:
        db = await asyncpg.connect(url)
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(connected())


async def add_audit(db: Connection) -> None:
    for _ in range(5):
        await audit.record(db, caller=ADA, tool="t", arguments_digest="d" * 64, outcome="ok", request_id="r")


def newest(here: Installation) -> Path:
    return backups_in(here.backups)[-1]
