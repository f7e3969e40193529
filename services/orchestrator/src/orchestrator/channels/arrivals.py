"""A message that came by another way than the page, as a turn: screened, masked and accepted like any other."""

from dataclasses import dataclass, replace

from orchestrator.api.deps import Desk
from orchestrator.guard.human import needs_human
from orchestrator.journal.accept import Accepted, Incoming, accept_message, masked
from orchestrator.journal.arriving import arriving
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.views import disclosed
from servicekit.auth.claims import Caller
from servicekit.db.pool import Connection
from servicekit.telemetry import request_context


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message, and the id by which its channel knows it. `begins`: nobody said anything in its conversation before;
    `aside`: it answers no card and is read with no other; `by_mail`: its answer is owed as a mail; `told`: the phrase
    of ours that answers it, when no Brain is to read it.
    """

    text: str
    client_turn_id: str
    begins: bool
    aside: bool = True
    by_mail: bool = False
    told: str = ""


async def accept_arrival(
    db: Connection, desk: Desk, conversation_id: str, caller: Caller, arrival: Arrival
) -> tuple[Conversation, Accepted]:
    """The turn that answers; its job runs it, and the answer goes where its channel shows it: nobody waits here. The
    caller of this holds the conversation's row lock. Raises NOT_FOUND for a conversation that is not `caller`'s.
    """
    intake = desk.intake
    found = await arriving(
        db, desk.conversations, intake.vaults, conversation_id, caller, intake.levels.today()
    )  # fmt: skip
    screened = intake.screen.screened(arrival.text)
    context = request_context()
    incoming = Incoming(
        text=screened.text, client_turn_id=arrival.client_turn_id,
        request_id=context.request_id if context else "", at_ms=intake.now_ms(),
        wants_human=needs_human(screened.text), screened=screened.judged.verdict,
        flags=screened.judged.flags, traceparent=context.traceparent if context else "", aside=arrival.aside,
    )  # fmt: skip
    mode = await intake.switches.mode(db, found.conversation.channel)
    message = replace(masked(incoming, found.conversation, found.vault), mode=mode, told=arrival.told)
    if arrival.begins:
        message = replace(message, disclosure=await disclosed(db, found.conversation))
    budgets = await intake.levels.budgets(db, found)
    accepted = await accept_message(
        db, found.conversation, message, budgets, intake.codec, by_mail=arrival.by_mail
    )  # fmt: skip
    return found.conversation, accepted
