"""The journal of one running turn (`turn/journal.py`'s port) in Postgres: append, end, wait, each one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from contracts.turn import Answering, EndEvent
from orchestrator.journal.accept import Enqueue
from orchestrator.journal.cards import card_of, open_card
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.entries import Codec, append_entries, load_entries
from orchestrator.journal.scheduling import Scheduler
from orchestrator.turn import evidence
from orchestrator.turn.effects import Finish
from orchestrator.turn.inputs import MessageAdded, PlanMade, PlanRejected, StaffTookOver, TurnStarted
from orchestrator.turn.journal import Closing, Recorded
from orchestrator.turn.state import TurnState
from servicekit.db.pool import Connection, Database


@dataclass(slots=True)
class PgTurnJournal:
    """One turn's journal. `repairs` gathers what was mended in the Brain's replies, for the turn's record."""

    database: Database
    conversation: Conversation
    turn_id: str
    codec: Codec
    enqueue: Enqueue
    scheduler: Scheduler
    repairs: tuple[str, ...] = ()

    async def load(self) -> Sequence[Recorded]:
        """All inputs of the turn, oldest first."""
        async with self.database.primary() as db:
            recorded = await load_entries(db, self.conversation.sealer, self.turn_id, self.codec)
            if self.conversation.answering is Answering.STAFF and _only_accepted(recorded):
                took_over = Recorded(StaffTookOver(), recorded[-1].at_ms)
                await append_entries(db, self.conversation.sealer, self.turn_id, len(recorded), [took_over], self.codec)
                recorded.append(took_over)
        self._note(recorded)
        return recorded

    async def append(self, after: int, inputs: Sequence[Recorded], state: TurnState, closing: Closing | None) -> None:
        """Append, and with it the turn's record or card. Raises JournalConflict when the turn went on elsewhere."""
        self._note(inputs)
        if closing is None:
            # One statement is a transaction of its own: no round trips for begin and commit.
            async with self.database.primary() as db:
                return await append_entries(db, self.conversation.sealer, self.turn_id, after, inputs, self.codec)
        async with self.database.transaction() as db:
            await append_entries(db, self.conversation.sealer, self.turn_id, after, inputs, self.codec)
            if isinstance(closing, Finish):
                await self._end(db, state, closing, inputs[-1].at_ms if inputs else state.resumed_ms)
            else:
                await db.execute("UPDATE turns SET status = 'waiting' WHERE id = $1", self.turn_id)
                card = card_of(self.turn_id, closing)
                await open_card(db, self.conversation, card)
                await self.scheduler.expire_card(db, self.turn_id, card.digest, card.expires_at)
            await self._start_next(db)
        return None

    async def _end(self, db: Connection, state: TurnState, finish: Finish, at_ms: int) -> None:
        event = end_event(state, finish)
        await db.execute(
            "UPDATE turns SET status = 'ended', outcome = $2, final_event = $3, tools = $4::text::jsonb,"
            " tokens_in = $5, tokens_out = $6, cost_micros = $7, model = $8, confidence = $9, worked_ms = $10,"
            " repairs = $11::text::jsonb, ended_at = now() WHERE id = $1",
            self.turn_id, finish.outcome.value, self.conversation.sealer.seal(f"end|{self.turn_id}", encode_end(event)),
            orjson.dumps(_tools(state)).decode(), state.usage.tokens_in, state.usage.tokens_out,
            state.usage.cost_micros,
            state.model, event.confidence, state.worked_ms(at_ms), orjson.dumps(self.repairs).decode(),
        )  # fmt: skip
        await db.execute(
            # A hand-over stays: a turn that was accepted before it and ends after it does not take it back.
            "UPDATE conversations SET tokens = tokens + $2, cost_micros = cost_micros + $3, updated_at = now(),"
            " answering = CASE WHEN $4 = 'staff' THEN 'staff' ELSE answering END WHERE id = $1",
            self.conversation.id, state.usage.tokens_in + state.usage.tokens_out, state.usage.cost_micros,
            finish.answering.value,
        )  # fmt: skip
        if finish.text:
            await db.execute(
                "INSERT INTO thread (conversation_id, turn_id, role, content) VALUES ($1, $2, 'assistant', $3)",
                self.conversation.id, self.turn_id, self.conversation.sealer.seal("thread", finish.text.encode()),
            )  # fmt: skip

    async def _start_next(self, db: Connection) -> None:
        """The conversation's next queued turn may run now."""
        following = await db.fetchval(
            "UPDATE turns SET status = 'running' WHERE id = (SELECT id FROM turns WHERE conversation_id = $1"
            " AND status = 'queued' ORDER BY ordinal LIMIT 1) RETURNING id",
            self.conversation.id,
        )
        if following is not None:
            await self.enqueue(db, following)

    def _note(self, recorded: Sequence[Recorded]) -> None:
        for one in recorded:
            if isinstance(one.turn_input, PlanMade | PlanRejected):
                self.repairs += one.turn_input.repairs


def _only_accepted(recorded: Sequence[Recorded]) -> bool:
    """Whether nothing was done yet for a turn that the bot was to answer."""
    first = recorded[0].turn_input
    return (
        isinstance(first, TurnStarted)
        and first.answering is Answering.BOT
        and all(isinstance(one.turn_input, MessageAdded) for one in recorded[1:])
    )


def end_event(state: TurnState, finish: Finish) -> EndEvent:
    """The event that closes the turn's stream."""
    return EndEvent(
        outcome=finish.outcome, text=finish.text, citations=finish.citations, links=dict(finish.links),
        answering=finish.answering, confidence=evidence.confidence(state.observed), usage=state.usage,
        cost_usd=state.usage.cost_micros / 1_000_000,
    )  # fmt: skip


def encode_end(event: EndEvent) -> bytes:
    """The event as JSON."""
    return event.model_dump_json().encode()


def _tools(state: TurnState) -> list[dict[str, object]]:
    """What the record says of each call: never its arguments' values or its output, which are in the sealed journal."""
    return [
        {
            "tool": one.call.tool, "args_hash": one.call.args_hash, "ms": round(one.ms, 1), "attempts": one.attempts,
            "cached": one.cached, "error": one.error_code or None,
        }
        for one in state.observed
    ]  # fmt: skip
