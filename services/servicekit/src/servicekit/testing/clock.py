"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """Wall and monotonic time that only `advance` moves."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        """The start plus all that was advanced."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds advanced so far, from an arbitrary beginning."""
        return 1000.0 + self._elapsed

    def advance(self, seconds: float) -> None:
        """Moves both times on."""
        self._elapsed += seconds
