"""What the tests of onebox share."""


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
