"""Taking a mail in: one transaction that finds its conversation, begins its turn and notes the mail, or does nothing.

Whoever sends is a guest, whatever the mail says: no header signs anybody in. A tag of ours proves the conversation, and
the mailbox that wrote or was written to there before goes on in it; anybody else begins a conversation of their own.
A code of ours that a mail brings is redeemed here, in the same transaction, and stands in nothing that is kept.
"""

import asyncio
from dataclasses import dataclass
from typing import assert_never

from prometheus_client import Counter

from contracts.errors import ProblemCode
from contracts.tools.retrieval import Channel
from orchestrator.api.deps import Desk
from orchestrator.channels.arrivals import Arrival, accept_arrival
from orchestrator.channels.email.authentication import is_authentic
from orchestrator.channels.email.channel import EmailChannel, guest_of
from orchestrator.channels.email.codes import codes_in, without_codes, words_beside
from orchestrator.channels.email.letters import Letter
from orchestrator.channels.email.loops import Ignored, ignored
from orchestrator.channels.email.mail import Mail
from orchestrator.channels.email.parsing import parse
from orchestrator.channels.email.proving import Became, Proving
from orchestrator.channels.email.store import TAKEN, Names, keep, known, lock_person, so_far, thread_of, writes_in
from orchestrator.channels.email.wording import message_of
from orchestrator.journal.accept import Accepted
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import load_entries
from orchestrator.journal.mailing import leave_address
from orchestrator.journal.staff import conversation_of_site
from orchestrator.turn.inputs import TurnStarted
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError
from servicekit.language import LanguageDetector

MAX_MAIL_BYTES = 10 * 1024 * 1024
#: Fewer words beside a code only say that it is one.
_FEWEST_WORDS = 8
_REPLAYED = "This delivery came before. A mail that is sent again needs a new timestamp and signature."


@dataclass(frozen=True, slots=True)
class MailRoom:
    """Takes mails in. `heard` counts them by what became of them; without `proving` no code is taken."""

    channel: EmailChannel
    languages: LanguageDetector
    heard: Counter
    proving: Proving | None = None

    async def take(self, desk: Desk, raw: bytes, signature: str | None = None) -> str:
        """What became of the mail: `taken`, or why nobody answers it; the same for a mail that comes again.

        `signature` is that of its delivery. Raises CONFLICT for a delivery that is replayed.
        """
        mail = await asyncio.to_thread(parse, raw)
        names = self.channel.names(mail, raw, signature)
        why = ignored(mail, self.channel.own)
        async with desk.database.transaction() as db:
            await lock_person(db, names.person)
            before = await known(db, names)
            if before is None:
                outcome = await self._new(db, desk, mail, names, why)
        if before is not None:
            self.heard.labels("replayed" if before.again else "known").inc()
            if before.again:
                raise ProblemError(ProblemCode.CONFLICT, _REPLAYED)
            return before.outcome
        self.heard.labels(outcome).inc()
        return outcome

    async def _new(self, db: Connection, desk: Desk, mail: Mail, names: Names, why: Ignored | None) -> str:
        why = why or await self._too_often(db, names)
        if why is not None:
            await keep(db, names, why.value)
            return why.value
        conversation_id, begins = await self._conversation(db, desk, mail, names)
        conversation, accepted = await self._accepted(db, desk, mail, names, conversation_id, begins=begins)
        await leave_address(db, conversation, accepted.turn_id, mail.sender)
        letter = Letter(mail.message_id, mail.references, without_codes(mail.subject), mail.sender)
        authentic = is_authentic(mail, self.channel.authserv_id)
        await keep(db, names, TAKEN, conversation, accepted.turn_id, letter, authentic=authentic)
        return TAKEN

    async def _too_often(self, db: Connection, names: Names) -> Ignored | None:
        """A machine that says so nowhere says the same again, or never stops."""
        found = await so_far(db, names.person, names.said)
        if found.repeated:
            return Ignored.REPEATED
        channel = self.channel
        return Ignored.SENDER_RATE if found.hour >= channel.per_hour or found.day >= channel.per_day else None

    async def _conversation(self, db: Connection, desk: Desk, mail: Mail, names: Names) -> tuple[str, bool]:
        """The id of the mail's conversation, and whether it begins with this mail."""
        tagged = self.channel.replied_to(mail)
        if tagged is not None and await writes_in(db, tagged, names):
            return tagged, False
        # A Message-ID is no secret: who only names one has to be who they say.
        if is_authentic(mail, self.channel.authserv_id):
            found = await thread_of(db, self.channel.referred(mail.references), names)
            if found is not None:
                return found, False
        language = self.languages.detect(mail.text or mail.subject) or "en"
        told = desk.disclosure.text({"language": language}, "")
        guest = self.channel.guest(mail.sender)
        return (await desk.conversations.begin(db, guest, Channel.EMAIL.value, None, told)).id, True

    async def _accepted(
        self, db: Connection, desk: Desk, mail: Mail, names: Names, conversation_id: str, *, begins: bool
    ) -> tuple[Conversation, Accepted]:
        """The turn that answers. Its answer goes out as a mail, so that nobody waits for it: its job does."""
        conversation = await conversation_of_site(db, desk.conversations, conversation_id, self.channel.site, lock=True)
        text, told = await self._asked(db, desk, mail, conversation, begins=begins)
        arrival = Arrival(text, f"mail-{names.id[:40]}", begins, by_mail=True, told=told)
        return await accept_arrival(db, desk, conversation_id, guest_of(conversation), arrival)

    async def _asked(
        self, db: Connection, desk: Desk, mail: Mail, conversation: Conversation, *, begins: bool
    ) -> tuple[str, str]:
        """What the mail asks, or the question that waited for its code; and the phrase of ours that answers it."""
        text, said = without_codes(message_of(mail, begins=begins)), codes_in(mail.text)
        if self.proving is None or not said or begins:
            return text, ""
        if self.proving.is_quoted(mail.text):
            return text, "code_alone"
        authentic = is_authentic(mail, self.channel.authserv_id)
        became, question = await self.proving.redeem(db, conversation, said, mail.sender, authentic=authentic)
        match became:
            case Became.NONE:
                return text, ""
            case Became.REDEEMED:
                asked, beside = await _question(db, desk, conversation, question), words_beside(mail.text)
                return (f"{asked}\n\n{beside}" if len(beside.split()) >= _FEWEST_WORDS else asked), ""
            case Became.WRONG | Became.OVER | Became.USED | Became.SENDER:
                return text, f"code_{became.value}"
            case _:
                assert_never(became)


async def _question(db: Connection, desk: Desk, conversation: Conversation, turn_id: str) -> str:
    """What a turn was asked, as it was written."""
    first, *_ = await load_entries(db, conversation.sealer, turn_id, desk.codec)
    if not isinstance(first.turn_input, TurnStarted):
        raise AssertionError("a turn begins with its message")  # noqa: TRY004 - no question of types
    return (await desk.intake.vaults.opened(db, conversation)).restore(first.turn_input.text)
