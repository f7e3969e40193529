"""Taking a message in, for every route and channel that has one: locks, limits, journals, enqueues."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from contracts.tools.retrieval import Channel
from orchestrator.api.door import Door, Places, Way
from orchestrator.api.waiting import Line
from orchestrator.guard.human import needs_human
from orchestrator.guard.input.screen import InputScreen
from orchestrator.journal.accept import Accepted, Begun, Incoming, accept_message, begin_at_once, masked
from orchestrator.journal.arriving import arriving
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec
from orchestrator.journal.mailing import is_mailed, leave_address
from orchestrator.journal.vaulting import Vaults
from orchestrator.journal.views import disclosed
from orchestrator.limits.levels import Levels
from orchestrator.settings import Settings
from orchestrator.switches.board import AllOn, Switchboard
from servicekit.auth.claims import Caller
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.telemetry import request_context

#: Where nothing but answers is shown: the first one says who gives it.
SILENT_CHANNELS = frozenset({Channel.SLACK.value, Channel.EMAIL.value})


class Here(Places, Protocol):
    """What runs turns in this very process (`jobs/here.py`)."""

    def lease_s(self) -> float | None:
        """For how long a turn may be leased that is to begin here; None when it has to go through the queue."""
        ...

    def begin(self, begun: Begun) -> None:
        """Run a turn whose lease this process holds."""
        ...

    def go_on(self, turn_id: str, conversation: Conversation) -> None:
        """Go on with a turn that waited, and whose lease this process holds now."""
        ...

    def end_stopped(self, turn_id: str, conversation: Conversation) -> None:
        """Run a turn that was stopped to its end; this process holds its lease now."""
        ...

    def conversation_of(self, turn_id: str) -> Conversation | None:
        """The conversation of a turn that began here and runs; whose it is, is for the caller to check."""
        ...


@dataclass(frozen=True, slots=True)
class MailWish:
    """The address that a guest leaves for an answer that has to wait. `spend` counts a promise, and raises
    RATE_LIMITED when that guest, or that mailbox, has had its share.
    """

    address: str
    spend: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Intake:
    """Accepts messages of a caller's own conversations. `here` None: all turns go through the queue."""

    database: Database
    conversations: Conversations
    codec: Codec
    clock: Clock
    settings: Settings
    vaults: Vaults
    levels: Levels
    screen: InputScreen
    line: Line
    here: Here | None = None
    switches: Switchboard = field(default_factory=AllOn)

    @property
    def door(self) -> Door:
        """Where messages come in."""
        return Door(self.database, self.conversations, self.line, self.here)

    async def message(
        self, caller: Caller, conversation_id: str, text: str, client_turn_id: str, *, human: bool = False,
        mail: MailWish | None = None,
    ) -> Accepted:  # fmt: skip
        """The turn that answers; when too many wait, by e-mail: then, and only then, a guest's `mail` is kept. Raises
        NOT_FOUND for somebody else's conversation, OVERLOADED when too many wait and no e-mail can be promised.
        """
        left = mail.address if mail is not None else None
        async with self.door.opened(caller, conversation_id, text, client_turn_id, human=human, left=left) as way:
            return await self.let_in(caller, conversation_id, text, client_turn_id, way, human=human, mail=mail)

    async def let_in(
        self, caller: Caller, conversation_id: str, text: str, client_turn_id: str, way: Way, *, human: bool = False,
        mail: MailWish | None = None,
    ) -> Accepted:  # fmt: skip
        """As `message`, for one that is through the door."""
        lease_s, late = way.lease_s, way.late
        context = request_context()
        screened = self.screen.screened(text)
        incoming = Incoming(
            text=screened.text, client_turn_id=client_turn_id, request_id=context.request_id if context else "",
            at_ms=self.now_ms(), wants_human=human or needs_human(screened.text),
            screened=screened.judged.verdict, flags=screened.judged.flags,
            traceparent=context.traceparent if context else "",
        )  # fmt: skip
        async with self.database.primary() as db:
            found = await arriving(db, self.conversations, self.vaults, conversation_id, caller, self.levels.today())
            conversation = found.conversation
            if late is not None and not is_mailed(conversation):
                await self.door.shed(db, late, caller, conversation_id, client_turn_id)
                late = None
            mode = await self.switches.mode(db, conversation.channel)
            message = replace(masked(incoming, conversation, found.vault), mode=mode)
            if conversation.fresh and conversation.channel in SILENT_CHANNELS:
                message = replace(message, disclosure=await disclosed(db, conversation))
            budgets = await self.levels.budgets(db, found)
            accepted = None
            if late is None or mail is None:
                accepted = await begin_at_once(
                    db, conversation, message, budgets, self.codec, lease_s, by_mail=late is not None
                )
        if accepted is None:
            async with self.database.transaction() as db:
                conversation = await self.conversations.owned(db, conversation_id, caller, lock=True)
                accepted = await accept_message(
                    db, conversation, message, budgets, self.codec, lease_s, by_mail=late is not None
                )
                if accepted.by_mail and mail is not None:
                    await mail.spend()
                    await leave_address(db, conversation, accepted.turn_id, mail.address)
        if accepted.by_mail:
            self.line.promised.labels("promised").inc()
        if self.here is not None and accepted.begun is not None:
            self.here.begin(accepted.begun)
        if accepted.goes_on:
            self.go_on(accepted.turn_id, conversation, lease_s)
        return accepted

    def lease_s(self) -> float | None:
        """For how long a turn may be leased that is to run here; None when it has to go through the queue."""
        return self.here.lease_s() if self.here is not None else None

    def go_on(self, turn_id: str, conversation: Conversation, lease_s: float | None) -> None:
        """Go on with a turn that was woken with `lease_s` in a transaction that has committed; without one, the queue
        has it.
        """
        if self.here is not None and lease_s is not None:
            self.here.go_on(turn_id, conversation)

    def end_stopped(self, turn_id: str, conversation: Conversation, lease_s: float | None) -> None:
        """End a turn whose stop is journalled, with `lease_s` as in `go_on`."""
        if self.here is not None and lease_s is not None:
            self.here.end_stopped(turn_id, conversation)

    def running(self, caller: Caller, conversation_id: str, turn_id: str) -> Conversation | None:
        """The caller's own conversation, when this very turn of it runs in this process: known without a look."""
        found = self.here.conversation_of(turn_id) if self.here is not None else None
        if found is None or found.id != conversation_id:
            return None
        own = found.subject_hash == self.conversations.subject_hash(caller.issuer, caller.subject)
        return found if own else None

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self.clock.now().timestamp() * 1000)


def stream_url(conversation_id: str, turn_id: str, after: int = 0) -> str:
    """Where a turn can be followed, from behind its first `after` inputs."""
    url = f"/api/agent/stream?conversation_id={conversation_id}&turn_id={turn_id}"
    return f"{url}&after={after}" if after else url
