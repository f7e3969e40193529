"""What a customer hears while nobody works at their message yet, and when so many wait that nobody soon will."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client import Counter

from contracts.errors import ProblemCode
from contracts.turn import EndEvent, Outcome, StatusEvent
from orchestrator.effects.phrases import PhraseBook
from orchestrator.jobs.strain import Strain
from orchestrator.jobs.waiting import Place, QueueWatch
from orchestrator.journal.conversations import Conversation
from servicekit.addresses import is_address, masked
from servicekit.auth.claims import Caller, Role
from servicekit.errors import ProblemError

_SHED = "Many people are writing just now. Please send this message again in a moment."
_OR_MAILED = f"{_SHED[:-1]}, or with your e-mail address, and we send you the answer."
_KNOWN = "Only guests say where an answer is mailed to: who is signed in has it at the address of their account."


@dataclass(frozen=True, slots=True)
class Line:
    """The queue as customers meet it. A message that would wait longer than `patience_s` is answered by e-mail, where
    the shop can send one (`mails`, and to guests `mails_guests`) and no more than `most_mails` are owed; else it is
    not taken. Nor is it while the process feels `strain`: to promise costs more than to turn away, and turns that run
    would pay for it.
    """

    watch: QueueWatch
    phrases: PhraseBook
    patience_s: float
    shed: Counter
    promised: Counter
    mails: Callable[[], bool] = lambda: False
    most_mails: int = 0
    mails_guests: Callable[[], bool] = lambda: False
    strain: Strain = field(default_factory=Strain)

    async def told(self, turn_id: str, language: str) -> StatusEvent | None:
        """The place of a turn in words of this language; None when it does not wait, or is the next."""
        place = (await self.watch.now()).place(turn_id)
        if place is None or place.before == 0:
            return None
        return StatusEvent(state="waiting", text=_words(self.phrases.in_language(language), place))

    async def others_first(self) -> bool:
        """Whether turns wait that came before: then a new one begins behind them, also where there is room by now."""
        return self.watch.crowded and bool((await self.watch.now()).places)

    async def too_long(self) -> ProblemError | None:
        """OVERLOADED, with the time after which it is worth to try again, when the queue is too long for one more."""
        wait_s = (await self.watch.now()).wait_s()
        if wait_s <= self.patience_s:
            return None
        soon_s = math.ceil(wait_s - self.patience_s) + 1
        return ProblemError(ProblemCode.OVERLOADED, _SHED, retry_after_s=soon_s)

    def joined(self) -> None:
        """A message goes into the queue."""
        self.watch.join()

    def turned_away(self, late: ProblemError) -> ProblemError:
        """What a message is turned away with, counted."""
        self.shed.inc()
        return late

    async def can_mail(self, address: str | None, *, guest: bool) -> bool:
        """Whether an answer may be promised by e-mail to this address (`mailed_at`)."""
        mails = self.mails_guests if guest else self.mails
        if address is None or not is_address(address) or not mails() or self.strain.is_felt():
            return False
        return (await self.watch.now()).later < self.most_mails

    async def shed_with(self, late: ProblemError, caller: Caller) -> ProblemError:
        """What turns a message away: a guest, for whom an answer could be promised, hears that an address helps."""
        if not caller.is_guest or not self.mails_guests() or (await self.watch.now()).later >= self.most_mails:
            return late
        soon_s = late.problem.retry_after_s
        return ProblemError(ProblemCode.OVERLOADED, _OR_MAILED, retry_after_s=soon_s, can_mail=True)

    def by_mail(self, address: str, language: str) -> EndEvent:
        """How the stream of a turn ends whose answer comes by e-mail, to this masked address, in this language."""
        text = self.phrases.in_language(language).say("mailed_later", address=address)
        return EndEvent(outcome=Outcome.LATER, text=text, mailed_to=address)


def mailed_at(caller: Caller, left: str | None) -> str | None:
    """Where an answer may be mailed to: customers at the address that their site vouches for, guests, who see nothing
    private, at the one that they have `left`. Raises FORBIDDEN when somebody else leaves one.
    """
    if left is not None and not caller.is_guest:
        raise ProblemError(ProblemCode.FORBIDDEN, _KNOWN)
    return caller.email if caller.role is Role.CUSTOMER else left


def masked_address(conversation: Conversation, left: str | None) -> str:
    """The address that an answer is mailed to, as it may be shown: the one `left` by a guest, or the customer's own."""
    return masked((conversation.identity.email if conversation.customer else left) or "")


def _words(phrases: PhraseBook, place: Place) -> str:
    if place.wait_s is None:
        return phrases.say("waiting", before=str(place.before))
    # To the next five seconds: a number that is exact and wrong is worse than a round one.
    seconds = max(5, 5 * math.ceil(place.wait_s / 5))
    return phrases.say("waiting_for", before=str(place.before), seconds=str(seconds))
