"""Answers by e-mail: what was promised to a customer who could not wait is sent, once for each turn.

The tickets service sends it to the address of the token and knows the turn by its key: a job that is repeated, because
its process died or nobody heard the reply, finds that it is sent.
"""

from dataclasses import dataclass

from prometheus_client import Counter

from contracts.errors import PROBLEMS, ProblemCode
from orchestrator.effects.mailed import mailed_answer, mailed_card
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.journal.cards import open_cards
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.journal.showing import shown_card, shown_end
from orchestrator.journal.views import turn_view
from orchestrator.tools.gateway import CallFailed, CallRequest, arguments_hash
from orchestrator.turn.machine import fold
from servicekit.logging import get_logger

MAIL_TOOL = "email_answer"
_TIMEOUT_S = 20.0
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

    async def send(self, turn_id: str) -> bool:
        """Send what came of the turn; False when that has to be tried again."""
        async with self.world.database.primary() as db:
            conversation = await self.conversations.by_turn(db, turn_id)
        if conversation is None:
            return True  # erased
        told = await self._told(conversation, turn_id)
        if told is None:
            return False  # its card was answered a moment ago, and it goes on to an answer
        identity = conversation.identity
        result = await self.world.gateway.call(CallRequest(
            tool=MAIL_TOOL, arguments=dict(told), args_hash=arguments_hash(dict(told)), subject=identity.subject,
            role="customer", conversation_id=conversation.id, turn_id=turn_id, request_id="", timeout_s=_TIMEOUT_S,
            email=identity.email, name=identity.name, once=True,
        ))  # fmt: skip
        if isinstance(result, CallFailed) and result.code not in _SENT:
            if result.code in _AGAIN or PROBLEMS[result.code].retryable:
                return False
            self.mails.labels("refused").inc()
            get_logger().error("a promised answer was not mailed", turn_id=turn_id, code=result.code.value)
            return True
        self.mails.labels("sent").inc()
        return True

    async def _told(self, conversation: Conversation, turn_id: str) -> dict[str, str] | None:
        """Subject and body, in the language of the customer's message; None while there is nothing to tell."""
        world = self.world
        async with world.database.primary() as db:
            view = await turn_view(db, conversation, turn_id)
            cards = await open_cards(db, conversation)
            recorded = await load_entries(db, conversation.sealer, turn_id, self.codec)
            vault = await world.vaults.opened(db, conversation)
        scope = TurnScope(conversation, turn_id, "", 1, False, world, vault)
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        phrases = await scope.phrases(state)
        if view is not None and view.end is not None:
            return mailed_answer(shown_end(view.end, vault), phrases, self.shop)
        card = next((one for one in cards if one.turn_id == turn_id), None)
        return None if card is None else mailed_card(shown_card(card, vault), phrases, self.shop)
