"""What a customer hears while nobody works at their message yet, and when so many wait that a message is not taken."""

import math
from dataclasses import dataclass

from prometheus_client import Counter

from contracts.errors import ProblemCode
from contracts.turn import StatusEvent
from orchestrator.effects.phrases import PhraseBook
from orchestrator.jobs.waiting import Place, QueueWatch
from servicekit.errors import ProblemError

_SHED = "Many people are writing just now. Nothing was kept of this message: please send it again in a moment."


@dataclass(frozen=True, slots=True)
class Line:
    """The queue as customers meet it; a message that would wait longer than `patience_s` is not taken."""

    watch: QueueWatch
    phrases: PhraseBook
    patience_s: float
    shed: Counter

    async def told(self, turn_id: str, language: str) -> StatusEvent | None:
        """The place of a turn in words of this language; None when it does not wait, or is the next."""
        place = (await self.watch.now()).place(turn_id)
        if place is None or place.before == 0:
            return None
        return StatusEvent(state="waiting", text=_words(self.phrases.in_language(language), place))

    async def admit(self) -> None:
        """Raises OVERLOADED, with the time after which it is worth to try again, when the queue is too long."""
        wait_s = (await self.watch.now()).wait_s()
        if wait_s > self.patience_s:
            self.shed.inc()
            soon_s = math.ceil(wait_s - self.patience_s) + 1
            raise ProblemError(ProblemCode.OVERLOADED, _SHED, retry_after_s=soon_s)


def _words(phrases: PhraseBook, place: Place) -> str:
    if place.wait_s is None:
        return phrases.say("waiting", before=str(place.before))
    # To the next five seconds: a number that is exact and wrong is worse than a round one.
    seconds = max(5, 5 * math.ceil(place.wait_s / 5))
    return phrases.say("waiting_for", before=str(place.before), seconds=str(seconds))
