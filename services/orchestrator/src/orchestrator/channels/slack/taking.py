"""Taking what Slack delivers: one transaction that finds the conversation, begins its turn and notes the message, or
does nothing. A message in a channel is a guest's, whoever wrote it; in a direct message a customer who has connected
their account is that customer. What staff write in the thread of an alert is said to its customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter

from contracts.errors import PROBLEMS
from contracts.tools.retrieval import Channel
from orchestrator.api.deps import Desk
from orchestrator.api.staff_steps import StaffRoom, write_message
from orchestrator.channels.arrivals import Arrival, accept_arrival
from orchestrator.channels.slack.channel import SlackChannel
from orchestrator.channels.slack.events import Heard, Ignored, heard
from orchestrator.channels.slack.links import Links, code_in
from orchestrator.channels.slack.notes import Notes
from orchestrator.channels.slack.posts import conversation_of_alert
from orchestrator.channels.slack.reading import message_of
from orchestrator.channels.slack.store import (
    TAKEN,
    Names,
    Side,
    Target,
    keep,
    known,
    lock_place,
    show_at,
    so_far,
    thread_of,
)
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.accept import plain_answer
from servicekit.auth.claims import Caller, Role
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.language import LanguageDetector

#: Whoever says the same so often within an hour is a machine.
_MOST_SAME = 3


@dataclass(frozen=True, slots=True)
class SlackRoom:
    """Takes in what Slack delivers. `taken` counts it by what became of it."""

    channel: SlackChannel
    links: Links
    notes: Notes
    languages: LanguageDetector
    queue: JobQueue
    staff: StaffRoom
    taken: Counter

    async def take(self, desk: Desk, body: Mapping[str, Any]) -> str:
        """What became of an event: `taken`, or why no turn answers it; the same for one that comes again."""
        found = heard(body, self.channel.team)
        outcome = found.value if isinstance(found, Ignored) else await self._heard(desk, found)
        self.taken.labels(outcome).inc()
        return outcome

    async def _heard(self, desk: Desk, found: Heard) -> str:
        code = code_in(found.text)
        if code is not None and (found.direct or found.mentions):
            return await self._code(desk, found, code)
        if found.thread and found.channel == self.channel.staff_channel and not found.mentions:
            return await self._by_staff(desk, found)
        if not found.direct and not found.mentions:
            return Ignored.UNMENTIONED.value
        names = self.channel.names(found)
        async with desk.database.transaction() as db:
            await lock_place(db, names.place)
            before = await known(db, names)
            return before if before is not None else await self._new(db, desk, found, names)

    async def _new(self, db: Connection, desk: Desk, found: Heard, names: Names) -> str:
        why = await self._too_often(db, found, names)
        if why is not None:
            await keep(db, names, why.value)
            return why.value
        caller = await self._caller(db, found, names)
        conversation_id, begins = await self._conversation(db, desk, caller, found, names)
        conversation = await desk.conversations.owned(db, conversation_id, caller, lock=True)
        # What only one person reads answers cards and goes together, as in the chat.
        arrival = Arrival(
            message_of(found.text, found.files), f"slack-{names.id[:40]}", begins, aside=not conversation.customer
        )
        conversation, accepted = await accept_arrival(db, desk, conversation_id, caller, arrival)
        target = Target(found.channel, found.thread, found.user) if found.direct else Target(
            found.channel, found.thread or found.ts
        )  # fmt: skip
        await show_at(db, conversation, Side.CHAT, target)
        await keep(db, names, TAKEN, conversation, accepted.turn_id)
        await self.queue.slack_chat(db, conversation.id)
        return TAKEN

    async def _too_often(self, db: Connection, found: Heard, names: Names) -> Ignored | None:
        """What no bot says of itself shows in this: the same again, or no end."""
        lately = await so_far(db, names)
        if lately.same >= _MOST_SAME and plain_answer(found.text) is None:
            return Ignored.REPEATED
        return Ignored.PERSON_RATE if lately.hour >= self.channel.per_hour else None

    async def _caller(self, db: Connection, found: Heard, names: Names) -> Caller:
        """Who writes. Where others read, nobody in particular does."""
        linked = await self.links.caller_of(db, names.person) if found.direct else None
        return linked if linked is not None and linked.role is Role.CUSTOMER else self.channel.guest(found)

    async def _conversation(
        self, db: Connection, desk: Desk, caller: Caller, found: Heard, names: Names
    ) -> tuple[str, bool]:
        """The id of the message's conversation, and whether it begins with this message."""
        subject_hash = desk.conversations.subject_hash(caller.issuer, caller.subject)
        goes_on = await thread_of(db, names.place, subject_hash, in_thread=not found.direct or bool(found.thread))
        if goes_on is not None:
            return goes_on, False
        told = desk.disclosure.text({"language": self.languages.detect(found.text) or "en"}, "")
        return (await desk.conversations.begin(db, caller, Channel.SLACK.value, None, told)).id, True

    async def _code(self, desk: Desk, found: Heard, code: str) -> str:
        """The code never reaches a turn, and is good for one person once."""
        names = self.channel.names(found)
        async with desk.database.transaction() as db:
            await lock_place(db, names.place)
            before = await known(db, names)
            if before is not None:
                return before
            if found.direct:
                account = await self.links.redeem(db, names.person, code)
                outcome = "linked" if account is not None else "code_unknown"
            else:
                await self.links.burn(db, code)
                account, outcome = None, "code_public"
            await keep(db, names, outcome)
        role = account.role.value if account is not None else ""
        self.notes.tell(found, f"slack_{outcome}_{role}" if role else f"slack_{outcome}")
        return outcome

    async def _by_staff(self, desk: Desk, found: Heard) -> str:
        """What is written in the thread of an alert: staff who have connected their account speak to the customer."""
        names = self.channel.names(found)
        async with desk.database.primary() as db:
            before = await known(db, names)
            about = await conversation_of_alert(db, self.channel.post(found.channel, found.thread))
            caller = await self.links.caller_of(db, names.person)
        if before is not None:
            return before
        if about is None:
            return Ignored.UNMENTIONED.value
        outcome = await self._said(desk, found, names, about, caller)
        async with desk.database.primary() as db:
            await keep(db, names, outcome)
        return outcome

    async def _said(self, desk: Desk, found: Heard, names: Names, about: str, caller: Caller | None) -> str:
        if caller is None or caller.role is not Role.STAFF:
            self.notes.tell(found, "slack_not_staff")
            return "not_staff"
        text = message_of(found.text, found.files)
        try:
            await write_message(desk, self.staff, caller, about, f"slack-{names.id[:40]}", text)
        except ProblemError as error:
            if PROBLEMS[error.problem.code].retryable:
                raise  # Slack delivers it again
            self.notes.say(found, error.problem.detail or error.problem.title)
            return f"refused_{error.problem.code.value}"
        return "staff"
