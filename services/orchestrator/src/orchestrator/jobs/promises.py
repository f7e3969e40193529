"""Promises that were made to a customer and are kept later: cards expire, queued hand-overs are made."""

from dataclasses import dataclass

from orchestrator.effects.call_tool import call_tool
from orchestrator.effects.hand_off import handoff_call
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.cards import expire
from orchestrator.journal.conversations import Conversations
from orchestrator.journal.entries import Codec, load_entries
from orchestrator.turn.effects import CallTool
from orchestrator.turn.inputs import ToolSucceeded
from orchestrator.turn.machine import fold


@dataclass(frozen=True, slots=True)
class PromiseJobs:
    """Keeps promises."""

    world: Collaborators
    conversations: Conversations
    codec: Codec
    queue: JobQueue

    async def expire_card(self, turn_id: str, digest: str) -> None:
        """Close an undecided card and let its turn end politely."""
        async with self.world.database.transaction() as db:
            conversation = await self.conversations.by_turn(db, turn_id)
            now_ms = int(self.world.clock.now().timestamp() * 1000)
            if conversation and await expire(db, conversation, turn_id, digest, now_ms, self.codec):
                await self.queue.run_turn(db, turn_id)

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
        scope = TurnScope(conversation, turn_id, "", 0, False, self.world)
        # Its own time, not what was left of the turn's.
        fresh = type(state)(budgets=state.budgets, resumed_ms=scope.now_ms(), text=state.text, observed=state.observed)
        call = await handoff_call(state.handoff_reason, state, scope)
        result = await call_tool(CallTool(call), fresh, scope)
        made = isinstance(result, ToolSucceeded)
        if made:
            self.world.metrics.handoffs.labels(state.handoff_reason.value, "made_later").inc()
        return made
