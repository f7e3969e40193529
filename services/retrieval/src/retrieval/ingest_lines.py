"""A run as plain lines, one per document, and its summary."""

from typing import IO

from contracts.knowledge import Action, IngestReport, Outcome

#: An outcome in a word that a shop owner understands.
WORDS = {
    Action.CREATED: "new", Action.UPDATED: "updated", Action.UNCHANGED: "unchanged", Action.DELETED: "deleted",
    Action.FAILED: "REFUSED", Action.SKIPPED: "skipped",
}  # fmt: skip
_EVERY = 100


class Lines:
    """Writes what changed, what was refused and what was skipped; unchanged documents are only counted."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._unchanged = 0

    def expect(self, count: int) -> None:
        """See `Show`."""
        self._line(f"{count:,} to read")

    def outcome(self, outcome: Outcome) -> None:
        """See `Show`."""
        if outcome.action is Action.UNCHANGED:
            self._unchanged += 1
            if self._unchanged % _EVERY == 0:
                self._line(f"{self._unchanged:,} unchanged so far")
            return
        self._line(line_of(outcome))

    def note(self, text: str) -> None:
        """See `Show`."""
        self._line(text)

    def deepened(self, done: int, pending: int) -> None:
        """See `Show`."""
        self._line(f"deep vectors: {done:,} done, {pending:,} to come")

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


def line_of(outcome: Outcome) -> str:
    """`REFUSED    scan.pdf: holds pictures of pages and no text …`."""
    more = f": {outcome.detail}" if outcome.detail else f" ({outcome.chunks} chunks)" if outcome.chunks else ""
    return f"{WORDS[outcome.action]:<9}  {outcome.url}{more}"


def summary(report: IngestReport) -> str:
    """All counts in one line, and when it can be found."""
    counts = ", ".join(f"{count:,} {WORDS[action].lower()}" for action in Action if (count := report.count(action)))
    changed = any(report.count(one) for one in (Action.CREATED, Action.UPDATED, Action.DELETED))
    then = " A running service finds the documents within a second." if changed else ""
    return f"{report.source}: {counts or 'nothing to read was found'}.{then}"
