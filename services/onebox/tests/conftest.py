"""What the tests of onebox share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from onebox.home import Home
from onebox.keys import KeyFiles
from servicekit.testing.databases import TestDatabases
from servicekit.testing.live import live_server

from .installation import Installation, add_audit, at


@contextmanager
def running_stack(folder: Path, route: str, answer: Callable[..., Any]) -> Iterator[Path]:
    """`folder` as the AIGUY_HOME of a running stack, whose orchestrator has the one `route`."""
    home = Home(folder / "onebox")
    home.create()
    KeyFiles(home.keys).create()
    served = FastAPI()
    served.add_route(route, answer)
    with live_server(served) as url:
        home.write_running({"urls": {"orchestrator": url}})
        yield folder


class Heard:
    """A report that remembers what it was told."""

    def __init__(self) -> None:
        self.troubles: list[str] = []

    def done(self, name: str, detail: str, ms: float) -> None:
        """Not of interest here."""

    def note(self, text: str) -> None:
        """Not of interest here."""

    def trouble(self, text: str) -> None:
        """Remember it."""
        self.troubles.append(text)


@pytest.fixture
def here(postgres_server: TestDatabases, tmp_path: Path) -> Installation:
    """Databases, one of them with an audit of five entries, and their keys."""
    made = Installation(postgres_server, tmp_path)
    at(made.urls["orders"], add_audit)
    return made
