"""Answers by e-mail: what was promised to a customer who could not wait is sent, once for each turn.

The tickets service sends it to the address of the token and knows the turn by its key: a job that is repeated, because
its process died or nobody heard the reply, finds that it is sent.
"""

from dataclasses import dataclass

from prometheus_client import Counter

from contracts.errors import PROBLEMS, ProblemCode
from contracts.mails import OUTCOME_PATH, OUTCOME_SCOPE, MailOutcome, MailQuery
from contracts.tool import Family
from orchestrator.colleagues import ServiceCalls
from orchestrator.effects.mailed import mailed_answer, mailed_card
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.cards import open_cards
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.journal.mailing import Mailed, address_of, mailed, refused
from orchestrator.journal.showing import shown_card, shown_end, strangers_end
from orchestrator.journal.views import turn_view
from orchestrator.tools.calls import CallSucceeded
from orchestrator.tools.gateway import CallFailed, CallRequest, arguments_hash
from orchestrator.turn.machine import fold
from servicekit.logging import get_logger

MAIL_TOOL = "email_answer"
_TIMEOUT_S = 20.0
#: Why the ticket service sends no mail to somebody who wanted to be forgotten.
_ERASED = "erased"
#: Another attempt was heard of, and sent before in other words.
_SENT = frozenset({ProblemCode.IDEMPOTENCY_KEY_REUSED})
#: The tickets service may just be away: its tools are unknown until it is seen.
_AGAIN = frozenset({ProblemCode.TOOL_UNKNOWN, ProblemCode.IDEMPOTENCY_IN_FLIGHT})


@dataclass(frozen=True, slots=True)
class MailJobs:
    """Keeps the promise of an answer by e-mail."""

    world: Collaborators
    conversations: Conversations
    codec: Codec
    shop: str
    mails: Counter
    queue: JobQueue
    services: ServiceCalls

    async def send(self, turn_id: str) -> bool:
        """Send what came of the turn; False when that has to be tried again."""
        async with self.world.database.primary() as db:
            conversation = await self.conversations.by_turn(db, turn_id)
            address = None if conversation is None else await address_of(db, conversation, turn_id)
        if conversation is None or address is None:
            return True  # erased, or sent already to the address that a guest had left
        told = await self._told(conversation, turn_id)
        if told is None:
            return False  # its card was answered a moment ago, and it goes on to an answer
        what, mail = told
        identity = conversation.identity
        result = await self.world.gateway.call(CallRequest(
            tool=MAIL_TOOL, arguments=dict(mail), args_hash=arguments_hash(dict(mail)), subject=identity.subject,
            role="customer" if conversation.customer else "guest", conversation_id=conversation.id, turn_id=turn_id,
            request_id="", timeout_s=_TIMEOUT_S, email=address, name=identity.name, once=True,
        ))  # fmt: skip
        if isinstance(result, CallFailed) and result.code not in _SENT:
            if result.code in _AGAIN or PROBLEMS[result.code].retryable:
                return False
            await self._refused(turn_id, result.code.value)
            return True
        self.mails.labels("sent").inc()
        async with self.world.database.transaction() as db:
            await mailed(db, turn_id, what)
            if isinstance(result, CallSucceeded):
                await self.queue.check_mail(db, turn_id, str(result.output["message_id"]))
        return True

    async def check(self, turn_id: str, message_id: str) -> bool:
        """See what became of a mail that was sent; False while that is not known. Of one that is refused for good, or
        given up, the answer is told by a person.
        """
        found = await self.services.ask(
            Family.TICKETS, OUTCOME_PATH, OUTCOME_SCOPE, MailQuery(message_id=message_id), MailOutcome
        )
        if found is None or found.state == "waiting":
            return False
        if found.state == "failed" and found.reason != _ERASED:
            await self._refused(turn_id, found.reason or "unknown")
        return True

    async def _refused(self, turn_id: str, reason: str) -> None:
        async with self.world.database.transaction() as db:
            conversation = await self.conversations.by_turn(db, turn_id, lock=True)
            if conversation is None:
                return  # erased
            now_ms = int(self.world.clock.now().timestamp() * 1000)
            new = await refused(db, conversation, turn_id, reason, now_ms, self.codec)
        if new:
            self.mails.labels("refused").inc()
            get_logger().error("a promised answer was not mailed", turn_id=turn_id, reason=reason)

    async def _told(self, conversation: Conversation, turn_id: str) -> tuple[Mailed, dict[str, str]] | None:
        """What is mailed, with subject and body in the language of the customer's message; None while there is nothing
        to tell.
        """
        world = self.world
        async with world.database.primary() as db:
            view = await turn_view(db, conversation, turn_id)
            cards = await open_cards(db, conversation)
            recorded = await load_entries(db, conversation.sealer, turn_id, self.codec)
            vault = await world.vaults.opened(db, conversation)
        scope = TurnScope(conversation, turn_id, "", 1, False, world, vault)
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        phrases = await scope.phrases(state)
        stranger = not conversation.customer
        if view is not None and view.end is not None:
            end = strangers_end(view.end, vault) if stranger else shown_end(view.end, vault)
            return Mailed.SENT, mailed_answer(end, phrases, self.shop, stranger=stranger)
        card = next((one for one in cards if one.turn_id == turn_id), None)
        if card is None:
            return None
        return Mailed.ASKED, mailed_card(shown_card(card, vault), phrases, self.shop, stranger=stranger)
