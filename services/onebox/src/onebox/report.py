"""What the person at the terminal sees while things start, fail and stop."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape


class Report(Protocol):
    """Where progress goes."""

    def done(self, name: str, detail: str, ms: float) -> None:
        """Something is up after `ms` milliseconds."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def trouble(self, text: str) -> None:
        """Something went wrong; it may be repaired by itself."""


class ConsoleReport:
    """Plain lines, coloured on a terminal (NO_COLOR is honoured)."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)

    def done(self, name: str, detail: str, ms: float) -> None:
        """`✓ orders  http://127.0.0.1:8081  420 ms`."""
        line = f"  [green]✓[/] {escape(name):<14} [dim]{escape(detail):<46}[/] {ms:>6.0f} ms"
        self._console.print(line)

    def note(self, text: str) -> None:
        """An indented line."""
        self._console.print(f"  [dim]·[/] {escape(text)}")

    def trouble(self, text: str) -> None:
        """A line that stands out."""
        self._console.print(f"  [bold red]![/] {escape(text)}")


@contextmanager
def timed(report: Report, name: str, detail: str = "") -> Iterator[None]:
    """Report `name` as done with the time that the block took; silent when it raises."""
    started = time.perf_counter()
    yield
    report.done(name, detail, (time.perf_counter() - started) * 1000)
