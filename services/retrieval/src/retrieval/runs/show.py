"""What the person at the terminal sees of a run: a port, and the one for nobody."""

from typing import Protocol

from contracts.knowledge import Outcome


class Show(Protocol):
    """Where progress goes."""

    def expect(self, count: int) -> None:
        """So many documents are to be read."""

    def outcome(self, outcome: Outcome) -> None:
        """What became of a document."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def deepened(self, done: int, pending: int) -> None:
        """Windows that have their deep vector by now, and those that still wait."""


class _Silent:
    def expect(self, count: int) -> None:
        """See `Show`."""

    def outcome(self, outcome: Outcome) -> None:
        """See `Show`."""

    def note(self, text: str) -> None:
        """See `Show`."""

    def deepened(self, done: int, pending: int) -> None:
        """See `Show`."""


SILENT: Show = _Silent()
