"""Answers by e-mail: what was promised to a customer who could not wait is sent, once for each turn.

The tickets service sends it to the address of the token and knows the turn by its key: a job that is repeated, because
its process died or nobody heard the reply, finds that it is sent.
"""

from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter

from contracts.errors import PROBLEMS, ProblemCode
from contracts.mails import OUTCOME_PATH, OUTCOME_SCOPE, MailOutcome, MailQuery
from contracts.tool import Family
from contracts.turn import Outcome
from orchestrator.channels.email.channel import EmailChannel
from orchestrator.channels.email.letters import MAIL_TOOL, Letter
from orchestrator.channels.email.proving import CODE_S, Proving
from orchestrator.channels.email.store import SENT, keep, letter_of
from orchestrator.colleagues import ServiceCalls
from orchestrator.effects.mailed import Post
from orchestrator.effects.phrases import PhraseBook
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.handover.policy import Moment
from orchestrator.handover.recipient import Recipient, recipient
from orchestrator.handover.store import hand_over_by_id, turn_before
from orchestrator.handover.telling import late_letter
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.cards import open_cards
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.journal.mailing import Mailed, address_of, mailed, refused, unwanted
from orchestrator.journal.showing import shown_card, shown_end, strangers_end
from orchestrator.journal.staff import said_by_staff
from orchestrator.journal.views import turn_view
from orchestrator.tools.calls import CallSucceeded
from orchestrator.tools.gateway import CallFailed, CallRequest, arguments_hash
from orchestrator.turn.machine import PROVE_ADDRESS, fold
from orchestrator.turn.state import TurnState
from servicekit.db.pool import Connection
from servicekit.logging import get_logger

_TIMEOUT_S = 20.0
#: Why the ticket service sends no mail to somebody who wanted to be forgotten.
_ERASED = "erased"
#: Another attempt was heard of, and sent before in other words.
_SENT = frozenset({ProblemCode.IDEMPOTENCY_KEY_REUSED})
#: A code was too old: its question waits, and another code comes with the answer.
_CODE_OVER = "code_over"
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
    email: EmailChannel | None = None
    proving: Proving | None = None

    async def send(self, turn_id: str) -> bool:
        """Send what came of the turn; False when that has to be tried again."""
        async with self.world.database.primary() as db:
            conversation = await self.conversations.by_turn(db, turn_id)
            address = None if conversation is None else await address_of(db, conversation, turn_id)
        if conversation is None or address is None:
            return True  # erased, or sent already to the address that a guest had left
        told = await self._told(conversation, turn_id, address)
        if told is None:
            return False  # its card was answered a moment ago, and it goes on to an answer
        what, mail = told
        if what is None:
            async with self.world.database.transaction() as db:
                await unwanted(db, turn_id)
            return True
        identity = conversation.identity
        result = await self.world.gateway.call(CallRequest(
            tool=MAIL_TOOL, arguments=mail, args_hash=arguments_hash(mail), subject=identity.subject,
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
                message_id = str(result.output["message_id"])
                await self.queue.check_mail(db, turn_id, message_id)
                if self.email is not None and not conversation.customer:
                    await keep(db, self.email.sent(message_id, address), SENT, conversation, turn_id)
        return True

    async def relay(self, conversation_id: str, place: int) -> bool:
        """Send what staff said at this place of the thread to who is not there to read it; False: it has to be tried
        again.
        """
        world = self.world
        async with world.database.primary() as db:
            found = await said_by_staff(db, self.conversations, world.vaults, conversation_id, place)
            to = None if found is None else await recipient(db, found[0], found[2])
        if found is None or to is None:
            return True  # erased, handed back, or gone on in the chat by now
        conversation, said, _ = found
        phrases = world.phrases.in_language(world.languages.detect(said) or "en")
        return await self._relayed(conversation, to, said, phrases, "staff")

    async def tell_waiting(self, hand_over_id: int, moment: Moment) -> bool:
        """Tell who still waits for a person, by mail where they can be reached so; False: it has to be tried again."""
        world = self.world
        async with world.database.primary() as db:
            hand_over = await hand_over_by_id(db, hand_over_id)
            if hand_over is None or hand_over.human_at is not None:
                return True  # handed back, erased, or a person has spoken
            conversation = await self.conversations.by_id(db, hand_over.conversation_id)
            to = None if conversation is None else await recipient(db, conversation, hand_over.asked_at)
            turn_id = await turn_before(db, hand_over.conversation_id, hand_over.asked_at)
            recorded = None
            if conversation is not None and turn_id is not None:
                recorded = await load_entries(db, conversation.sealer, turn_id, self.codec)
        # Soon after they have asked they still look at the chat, if that is where they are.
        if conversation is None or to is None or (moment is Moment.TOLD and to.letter is None):
            return True
        scope = TurnScope(conversation, to.turn_id, "", 1, False, world)
        await scope.ready()
        phrases = world.phrases
        if recorded:
            phrases = await scope.phrases(fold((one.turn_input, one.at_ms) for one in recorded).state)
        return await self._relayed(
            conversation, to, late_letter(hand_over, moment, world.hours, phrases), phrases, "waiting"
        )

    async def _relayed(
        self, conversation: Conversation, to: Recipient, said: str, phrases: PhraseBook, what: str
    ) -> bool:
        """Mail what was said beside the thread; False: it has to be tried again."""
        body = said
        if to.left:
            body = f"{said}\n\n{phrases.say('mail_person_left', shop=self.shop)}"
        elif to.letter is None:
            body = f"{said}\n\n{phrases.say('mail_goes_on')}"
        mail = {"subject": phrases.say("mail_subject", shop=self.shop), "body": body}
        arguments = self._threaded(mail, conversation, to.letter)
        identity = conversation.identity
        result = await self.world.gateway.call(CallRequest(
            tool=MAIL_TOOL, arguments=arguments, args_hash=arguments_hash(arguments), subject=identity.subject,
            role="customer" if conversation.customer else "guest", conversation_id=conversation.id, turn_id=to.turn_id,
            request_id="", timeout_s=_TIMEOUT_S, email=to.address, name=identity.name,
        ))  # fmt: skip
        if isinstance(result, CallFailed) and result.code not in _SENT:
            if result.code in _AGAIN or PROBLEMS[result.code].retryable:
                return False
            self.mails.labels("refused").inc()
            get_logger().error("what was said was not mailed", turn_id=to.turn_id, what=what, reason=result.code.value)
            return True
        self.mails.labels(what).inc()
        if self.email is not None and not conversation.customer and isinstance(result, CallSucceeded):
            async with self.world.database.transaction() as db:
                await keep(db, self.email.sent(str(result.output["message_id"]), to.address), SENT, conversation)
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
                await self.queue.slack_staff(db, conversation.id)
        if new:
            self.mails.labels("refused").inc()
            get_logger().error("a promised answer was not mailed", turn_id=turn_id, reason=reason)

    async def _told(
        self, conversation: Conversation, turn_id: str, address: str
    ) -> tuple[Mailed | None, dict[str, Any]] | None:
        """What is mailed, with subject and body in the language of the customer's message, and what makes it one of
        their thread; no `Mailed` when there is nothing to say: staff answer. None while there is nothing to tell.
        """
        world = self.world
        async with world.database.primary() as db:
            view = await turn_view(db, conversation, turn_id)
            cards = await open_cards(db, conversation)
            recorded = await load_entries(db, conversation.sealer, turn_id, self.codec)
            vault = await world.vaults.opened(db, conversation)
            letter = await letter_of(db, conversation, turn_id)
            own = conversation.customer or await self._is_proven(db, conversation, turn_id)
        scope = TurnScope(conversation, turn_id, "", 1, False, world, vault)
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        phrases = await scope.phrases(state)
        post = Post(phrases, self.shop, stranger=not conversation.customer, by_letter=letter is not None)
        if view is not None and view.end is not None:
            if not view.end.text:
                return None, {}
            end = shown_end(view.end, vault) if own else strangers_end(view.end, vault)
            proof = await self._proof(conversation, turn_id, address, state, post)
            return Mailed.SENT, self._threaded(post.answer(end, proof), conversation, letter)
        card = next((one for one in cards if one.turn_id == turn_id), None)
        if card is None:
            return None
        return Mailed.ASKED, self._threaded(post.card(shown_card(card, vault)), conversation, letter)

    async def _is_proven(self, db: Connection, conversation: Conversation, turn_id: str) -> bool:
        """Whether this mail goes to an address that is proven, so that it may be told what it asked."""
        return self.proving is not None and await self.proving.proven(db, conversation, turn_id) is not None

    async def _proof(self, conversation: Conversation, turn_id: str, address: str, state: TurnState, post: Post) -> str:
        """How who asked proves the address that this mail goes to; "" where nothing has to be proven."""
        if state.said not in (PROVE_ADDRESS, _CODE_OVER) or state.outcome is not Outcome.CLARIFY:
            return ""  # a person has taken over, or goes on from a draft
        code = None
        if self.proving is not None:
            async with self.world.database.transaction() as db:
                again = state.said == _CODE_OVER
                code = await self.proving.offer(db, conversation, turn_id, address, again=again)
        return post.phrases.say("prove_refused") if code is None else post.code(code, CODE_S // 60)

    def _threaded(self, mail: dict[str, str], conversation: Conversation, letter: Letter | None) -> dict[str, Any]:
        """The mail with what its reply is known by, and what it answers."""
        tag = self.email.tag(conversation) if self.email is not None else ""
        threaded: dict[str, Any] = {"reply_tag": tag} if tag else {}
        if letter is not None:
            threaded |= letter.answered()
        # A ticket service of an earlier release refuses what it does not know: better a mail outside of its thread.
        tool = self.world.catalog.entry(MAIL_TOOL)
        taken = tool.input_schema.get("properties", {}) if tool is not None else {}
        subject = mail["subject"] if letter is None else letter.subject_again(mail["subject"])
        return {"subject": subject, "body": mail["body"]} | {k: v for k, v in threaded.items() if k in taken}
