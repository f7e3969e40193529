"""`aiguy ingest`: the retrieval service's own ingest, with a progress bar on a terminal and plain lines elsewhere.

AIGUY_WORDPRESS_URL, AIGUY_WORDPRESS_USER and AIGUY_WORDPRESS_APP_PASSWORD are read here alone: no service gets them.
"""

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from contracts.knowledge import Action, Outcome
from retrieval.ingest import GOOD, NOT_DONE, SOME_REFUSED, IngestFailed, ingest
from retrieval.ingest_lines import Lines, line_of, summary
from retrieval.runs import Show
from retrieval.sources.choose import Asked
from retrieval.sources.settings import IngestSettings

_SAID = {Action.FAILED: "red", Action.SKIPPED: "dim", Action.DELETED: "yellow"}


async def ingest_with_progress(asked: Asked, settings: IngestSettings, console: Console, *, deepen: bool) -> int:
    """Runs it and says what became of it. Returns the exit code: 0, 1 when a document was refused, 2 when not done."""
    try:
        if console.is_terminal:
            with Bars(console) as show:
                report = await ingest(asked, settings, show, deepen=deepen)
        else:
            lines: Show = Lines(console.file)
            report = await ingest(asked, settings, lines, deepen=deepen)
    except IngestFailed as error:
        console.print(escape(str(error)))
        return NOT_DONE
    console.print(escape(summary(report)))
    return SOME_REFUSED if report.count(Action.FAILED) else GOOD


class Bars:
    """Two bars: documents read, deep vectors made. Above them stands what was refused, skipped or deleted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console,
        )  # fmt: skip
        self._reading = self._progress.add_task("reading", total=None)
        self._deepening = self._progress.add_task("deep vectors", total=None, visible=False)

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def expect(self, count: int) -> None:
        """See `Show`."""
        self._progress.update(self._reading, total=count)

    def outcome(self, outcome: Outcome) -> None:
        """See `Show`."""
        if outcome.action is not Action.DELETED:
            self._progress.advance(self._reading)
        if style := _SAID.get(outcome.action):
            self._console.print(f"[{style}]{escape(line_of(outcome))}[/]")

    def note(self, text: str) -> None:
        """See `Show`."""
        self._console.print(escape(text))

    def deepened(self, done: int, pending: int) -> None:
        """See `Show`."""
        self._progress.update(self._deepening, visible=True, total=done + pending, completed=done)
