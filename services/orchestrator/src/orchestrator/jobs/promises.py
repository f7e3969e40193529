"""Promises that are kept later: cards expire, staff are told and reminded, hand-overs and writes are finished."""

from dataclasses import dataclass
from typing import Any

from contracts.errors import PROBLEMS, ErrorClass, ProblemCode
from orchestrator.effects.call_tool import call_tool
from orchestrator.effects.hand_off import handoff_call
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.handover.store import hand_over_by_id, turn_before
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.callbacks import call_back, waiting_call
from orchestrator.journal.cards import Card, open_cards
from orchestrator.journal.conversations import Conversation, Conversations
from orchestrator.journal.decisions import expire, try_again
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.journal.showing import staff_card
from orchestrator.tools.gateway import arguments_hash
from orchestrator.turn.effects import CallTool
from orchestrator.turn.inputs import PlannedCall, ToolFailed, ToolSucceeded
from orchestrator.turn.machine import fold
from orchestrator.turn.state import TurnState
from servicekit.logging import get_logger

NOTICE_TOOL = "slack_post_message"
_MAX_NOTICE = 1_000


@dataclass(frozen=True, slots=True)
class PromiseJobs:
    """Keeps promises."""

    world: Collaborators
    conversations: Conversations
    codec: Codec
    queue: JobQueue
    approvals_channel: str = ""

    async def expire_card(self, turn_id: str, digest: str) -> None:
        """Close an undecided card and let its turn end politely."""
        async with self.world.database.transaction() as db:
            # The conversation's lock comes before the card's, as with every decision.
            conversation = await self.conversations.by_turn(db, turn_id, lock=True)
            if conversation is not None:
                await expire(db, conversation, turn_id, digest, self._now_ms(), self.codec)

    async def try_again(self, turn_id: str) -> None:
        """Let a turn ask again what came of its write."""
        async with self.world.database.transaction() as db:
            conversation = await self.conversations.by_turn(db, turn_id, lock=True)
            if conversation is not None:
                await try_again(db, conversation, turn_id, self._now_ms(), self.codec)

    async def end_callback(self, turn_id: str) -> None:
        """The tool has not called back in time: let its turn go on without."""
        late = ToolFailed(error_class=ErrorClass.TIMEOUT, code=ProblemCode.DEADLINE_EXCEEDED.value, ms=0.0)
        async with self.world.database.transaction() as db:
            conversation = await self.conversations.by_turn(db, turn_id, lock=True)
            if conversation is None or await waiting_call(db, conversation, turn_id, self.codec) is None:
                return
            await call_back(db, conversation, turn_id, late, self._now_ms(), self.codec)

    async def tell_staff(self, turn_id: str, digest: str, *, reminder: bool) -> bool:
        """Tell staff what waits for them, while it does; False when the notice has to be tried again."""
        async with self.world.database.transaction() as db:
            conversation = await self.conversations.by_turn(db, turn_id)
            cards = await open_cards(db, conversation) if conversation else []
            card = next((one for one in cards if (one.turn_id, one.digest) == (turn_id, digest)), None)
            if conversation is None or card is None:
                return True
            if reminder:
                await db.execute("UPDATE cards SET reminded_at = now() WHERE turn_id = $1 AND digest = $2",
                                 turn_id, digest)  # fmt: skip
            await self.queue.slack_staff(db, conversation.id)
        # Without a channel they see it in the queue.
        posts = bool(self.approvals_channel) and self.world.catalog.entry(NOTICE_TOOL) is not None
        if posts and not await self._post(conversation, card, reminder=reminder):
            return False
        self.world.metrics.approvals.labels("reminded" if reminder else "asked").inc()
        return True

    async def _post(self, conversation: Conversation, card: Card, *, reminder: bool) -> bool:
        scope = TurnScope(conversation, card.turn_id, "", 1, False, self.world)
        await scope.ready()
        needed = "1 approval" if card.approvals == 1 else f"{card.approvals} approvals"
        lead = "Still waiting" if reminder else "Waiting"
        shown = staff_card(card, scope.vault).summary
        text = f"{lead} for {needed}: {shown} (until {card.expires_at:%Y-%m-%d %H:%M} UTC)"
        arguments = {"channel": self.approvals_channel, "text": text[:_MAX_NOTICE]}
        return await self._notice(arguments, scope)

    async def _notice(self, arguments: dict[str, Any], scope: TurnScope) -> bool:
        call = PlannedCall(
            tool=NOTICE_TOOL, arguments=arguments, args_hash=arguments_hash(arguments), label="", write=True
        )  # fmt: skip
        result = await call_tool(CallTool(call), TurnState(resumed_ms=scope.now_ms()), scope)
        if isinstance(result, ToolFailed):
            if PROBLEMS[ProblemCode(result.code)].retryable:
                return False
            get_logger().error("staff were not told", turn_id=scope.turn_id, reason=result.code)
        return True

    async def remind_staff(self, hand_over_id: int) -> bool:
        """Tell staff that a customer still waits for a person, if so; False when that has to be tried again."""
        async with self.world.database.primary() as db:
            waits = await hand_over_by_id(db, hand_over_id)
            if waits is None or waits.human_at is not None:
                return True
            conversation = await self.conversations.by_id(db, waits.conversation_id)
            turn_id = await turn_before(db, waits.conversation_id, waits.asked_at)
        # Without a channel they see it in the inbox, where it is marked as late.
        posts = bool(self.approvals_channel) and self.world.catalog.entry(NOTICE_TOOL) is not None
        if conversation is None or turn_id is None or not posts:
            return True
        scope = TurnScope(conversation, turn_id, "", 1, False, self.world)
        await scope.ready()
        reason = waits.reason.replace("_", " ")
        since = f"{waits.asked_at:%Y-%m-%d %H:%M} UTC"
        text = f"A customer has waited for a person since {since} ({reason}): {conversation.id}"
        return await self._notice({"channel": self.approvals_channel, "text": text}, scope)

    async def hand_off(self, turn_id: str) -> bool:
        """Make a queued hand-over; False when the ticket service still does not answer."""
        async with self.world.database.primary() as db:
            conversation = await self.conversations.by_turn(db, turn_id)
            if conversation is None:
                return True
            recorded = await load_entries(db, conversation.sealer, turn_id, self.codec)
        state = fold((one.turn_input, one.at_ms) for one in recorded).state
        if state.handoff_reason is None:
            return True
        scope = TurnScope(conversation, turn_id, "", 1, False, self.world)
        await scope.ready()
        # Its own time, not what was left of the turn's.
        fresh = type(state)(budgets=state.budgets, resumed_ms=scope.now_ms(), text=state.text, observed=state.observed)
        call = await handoff_call(state.handoff_reason, state, scope)
        result = await call_tool(CallTool(call), fresh, scope)
        made = isinstance(result, ToolSucceeded)
        if made:
            self.world.metrics.handoffs.labels(state.handoff_reason.value, "made_later").inc()
            async with self.world.database.transaction() as db:
                await self.queue.hand_off_now(db)
        return made

    def _now_ms(self) -> int:
        return int(self.world.clock.now().timestamp() * 1000)
