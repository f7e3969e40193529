"""What the tests of onebox share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from onebox.home import Home
from onebox.keys import KeyFiles
from servicekit.testing.live import live_server


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
