"""What was counted over the conversations of a time: all that the figures are made of."""

from pydantic import BaseModel

FATES = ("resolved", "reopened", "abandoned", "unanswered", "escalated", "open")


class Counts(BaseModel):
    """`fates`: how many conversations ended so. `cost` is their sum in micro-dollars, `cost_squares` that of its
    squares, `cost_resolved` that of the resolved ones. `waits` are seconds from each hand-over to a person's first
    word, sorted; `waiting` still wait. `scores` are of 1 to 5. Of the resolved ones staff have found so many `solved`,
    and so many `unsolved`.
    """

    fates: dict[str, int]
    cost: float = 0.0
    cost_squares: float = 0.0
    cost_resolved: float = 0.0
    waits: list[float] = []
    waiting: int = 0
    scores: list[int] = []
    solved: int = 0
    unsolved: int = 0

    @property
    def begun(self) -> int:
        """All conversations."""
        return sum(self.fates.values())

    @property
    def settled(self) -> int:
        """Those that are over, or with a person: of the others the end is not known."""
        return self.begun - self.fates["open"]
