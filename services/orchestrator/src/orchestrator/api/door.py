"""Who is let in with a message, and how it goes on: decided before anything is spent on it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from orchestrator.api.waiting import Line, mailed_at
from orchestrator.guard.human import needs_human
from orchestrator.journal.accept import plain_answer
from orchestrator.journal.conversations import Conversations
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection, Database
from servicekit.errors import ProblemError

#: By the id of the conversation, or by the session of one that the sender may not have begun yet.
_IS_KNOWN = (
    "SELECT EXISTS (SELECT FROM messages m JOIN conversations c ON c.id = m.conversation_id"
    " WHERE c.subject_hash = $1 AND $2 IN (c.id, c.session_id) AND m.client_turn_id = $3)"
)


class Places(Protocol):
    """Where turns run in this very process (`jobs/here.py`)."""

    def place(self) -> AbstractContextManager[float | None]:
        """A place that is kept for a turn, and for how long the turn may be leased; None: it goes through the queue."""
        ...

    def promise(self) -> bool:
        """Whether an answer may be promised for later; counts it as promised."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """How a message goes on: its turn begins here, leased for `lease_s` seconds, or through the queue; where that would
    be `late`, its answer is sent by e-mail.
    """

    lease_s: float | None = None
    late: ProblemError | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """`places` None: all turns go through the queue."""

    database: Database
    conversations: Conversations
    line: Line
    places: Places | None

    @asynccontextmanager
    async def opened(
        self,
        caller: Caller,
        where: str,
        text: str,
        client_turn_id: str,
        *,
        human: bool = False,
        left: str | None = None,
    ) -> AsyncIterator[Way]:
        """Until the message is taken in. `where`: its conversation, or the session of one that may not be there yet;
        `left`: the address that a guest leaves for the answer.

        Raises OVERLOADED when it would wait too long and no e-mail can be promised, FORBIDDEN for an address that is
        not to be left.
        """
        address = mailed_at(caller, left)
        with self._place() as lease_s:
            if lease_s is not None and not await self.line.others_first():
                with self.line.strain.taking_in():
                    yield Way(lease_s)
                return
        # Who asks for a person, or answers a card, keeps no model busy and is always let in.
        if human or plain_answer(text) is not None or needs_human(text):
            self.line.joined()
            yield Way()
            return
        late = await self.line.too_long()
        if late is None:
            self.line.joined()
            with self.line.strain.taking_in():
                yield Way()
            return
        if await self.line.can_mail(address, guest=caller.is_guest):
            if self.places is not None and not self.places.promise():
                raise self.line.turned_away(late)
            with self.line.strain.taking_in():
                yield Way(late=late)
            return
        if self.line.strain.is_felt():
            raise self.line.turned_away(late)
        late = await self.line.shed_with(late, caller)
        async with self.database.primary() as db:
            await self.shed(db, late, caller, where, client_turn_id)
        yield Way()

    async def shed(self, db: Connection, late: ProblemError, caller: Caller, where: str, client_turn_id: str) -> None:
        """Raises what a message is turned away with; one that is in the queue already is let in again, however long
        that is by now.
        """
        subject_hash = self.conversations.subject_hash(caller.issuer, caller.subject)
        if not await db.fetchval(_IS_KNOWN, subject_hash, where, client_turn_id):
            raise self.line.turned_away(late)

    @contextmanager
    def _place(self) -> Iterator[float | None]:
        if self.places is None:
            yield None
            return
        with self.places.place() as lease_s:
            yield lease_s
