"""What staff do in conversations, once for the JSON API and the console: who asks is checked here, and each step is
audited in the transaction that does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Counter

from contracts.errors import ProblemCode
from orchestrator.api.auditing import record_step
from orchestrator.api.deps import Desk, check_may
from orchestrator.guard.vault import Vault
from orchestrator.handover.recipient import recipient
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal import staff
from orchestrator.journal.conversations import Conversation, is_of
from orchestrator.journal.drafts import draft_message_id, draft_of
from orchestrator.journal.staff import Said, StaffMessage, conversation_of_site
from orchestrator.journal.stopping import silence_turns
from orchestrator.journal.views import Said as Spoken
from orchestrator.journal.views import last_messages
from orchestrator.macros.using import MacroUsed, check_places, note_macro
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.errors import ProblemError

ANSWER_SCOPE = "conversations:answer"
ANSWER_REFUSAL = "Only staff may answer customers."
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class StaffRoom:
    """What staff's steps touch besides the database."""

    steps: Counter
    queue: JobQueue


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """A conversation as somebody who may answer in it reads it: `vault` holds what its tokens stand for."""

    conversation: Conversation
    messages: Sequence[Spoken]
    vault: Vault


async def read_conversation(desk: Desk, caller: Caller, conversation_id: str) -> OpenConversation:
    """The last messages of any conversation of the site, with what their tokens stand for. That is audited.

    Raises 403 for who may not answer, NOT_FOUND for another site's conversation.
    """
    _check(caller)
    async with desk.database.transaction() as db:
        conversation = await conversation_of_site(db, desk.conversations, conversation_id, caller.site)
        said = await last_messages(db, conversation, _SHOWN)
        vault = await desk.intake.vaults.opened(db, conversation)
        await record_step(db, desk, caller, "staff_read", _about(conversation_id), relaxed=True)
    return OpenConversation(conversation, said, vault)


async def write_message(
    desk: Desk, room: StaffRoom, caller: Caller, conversation_id: str, message_id: str, text: str,
    macro: MacroUsed | None = None,
) -> Said:  # fmt: skip
    """Say something in the customer's thread, made from a `macro` or not; the same `message_id` is one message. Raises
    as `journal.staff.say`, `check_places` and `note_macro` do.
    """
    _check(caller)
    if macro is not None:
        check_places(text)
    message = StaffMessage(message_id, text, caller.subject)
    async with desk.database.transaction() as db:
        conversation = await _to_answer(db, desk, conversation_id, caller)
        said = await staff.say(db, conversation, await desk.intake.vaults.opened(db, conversation), message)
        if not said.again:
            if macro is not None:
                await note_macro(db, caller.site, conversation.id, message_id, text, macro)
            await record_step(db, desk, caller, "staff_message", _about(conversation.id, message_id))
            if await recipient(db, conversation, said.at) is not None:
                await room.queue.mail_staff(db, conversation.id, said.place)
    if not said.again:
        room.steps.labels("message").inc()
    return said


async def send_draft(
    desk: Desk, room: StaffRoom, caller: Caller, conversation_id: str, turn_id: str, edited: str = ""
) -> Said:
    """Say what the assistant drafted in this turn of shadow mode, as it is or `edited`; sent once, whoever sends it.

    Raises NOT_FOUND for a turn without a draft, and as `write_message` does: a colleague may have sent another text.
    """
    _check(caller)
    text = edited
    if not text:
        async with desk.database.primary() as db:
            conversation = await conversation_of_site(db, desk.conversations, conversation_id, caller.site)
            draft = await draft_of(db, conversation, turn_id, desk.codec)
            text = (await desk.intake.vaults.opened(db, conversation)).show(draft.text)
    return await write_message(desk, room, caller, conversation_id, draft_message_id(turn_id), text)


async def take_over(desk: Desk, room: StaffRoom, caller: Caller, conversation_id: str) -> bool:
    """Step in, asked or not: the bot keeps silent from now on, in the middle of an answer too. False: it did before."""
    _check(caller)
    lease_s = desk.intake.lease_s()
    silenced: tuple[str, ...] = ()
    async with desk.database.transaction() as db:
        conversation = await _to_answer(db, desk, conversation_id, caller)
        changed = await staff.take_over(db, conversation, caller.subject)
        if changed:
            silenced = await silence_turns(db, conversation, desk.intake.now_ms(), desk.codec, lease_s)
            await record_step(db, desk, caller, "staff_takeover", _about(conversation.id))
    for turn_id in silenced:
        desk.intake.end_stopped(turn_id, conversation, lease_s)
    if changed:
        room.steps.labels("takeover").inc()
    return changed


async def give_back(desk: Desk, room: StaffRoom, caller: Caller, conversation_id: str, note: str) -> bool:
    """Let the bot answer later messages again. False: it did before."""
    _check(caller)
    async with desk.database.transaction() as db:
        conversation = await _to_answer(db, desk, conversation_id, caller)
        changed = await staff.hand_back(db, conversation, caller.subject, note)
        if changed:
            await record_step(db, desk, caller, "staff_handback", _about(conversation.id))
    if changed:
        room.steps.labels("handback").inc()
    return changed


async def leave_note(desk: Desk, room: StaffRoom, caller: Caller, conversation_id: str, note: str) -> None:
    """Keep a note for colleagues."""
    _check(caller)
    async with desk.database.transaction() as db:
        conversation = await _to_answer(db, desk, conversation_id, caller)
        await staff.leave_note(db, conversation, caller.subject, note)
        await record_step(db, desk, caller, "staff_note", _about(conversation.id))
    room.steps.labels("note").inc()


async def _to_answer(db: Connection, desk: Desk, conversation_id: str, caller: Caller) -> Conversation:
    """The conversation, locked. Nobody answers themselves."""
    conversation = await conversation_of_site(db, desk.conversations, conversation_id, caller.site, lock=True)
    if is_of(conversation, caller):
        raise ProblemError(ProblemCode.FORBIDDEN, "Nobody answers in a conversation of their own.")
    return conversation


def _check(caller: Caller) -> None:
    check_may(caller, ANSWER_SCOPE, ANSWER_REFUSAL)


def _about(conversation_id: str, client_message_id: str = "") -> dict[str, str]:
    return {"conversation_id": conversation_id, "client_message_id": client_message_id}
