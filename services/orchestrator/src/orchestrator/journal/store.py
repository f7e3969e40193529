"""The journal of one running turn (`turn/journal.py`'s port) in Postgres: append, end, wait, each one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from contracts.turn import Answering, EndEvent, Outcome, Usage
from orchestrator.gaps.noticing import noticed
from orchestrator.gaps.store import keep
from orchestrator.guard.vault import Vault
from orchestrator.journal.cards import card_of, open_card
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.decisions import supersede
from orchestrator.journal.entries import Codec, append_entries, entry_columns, load_entries, turning_away
from orchestrator.journal.mailing import unwanted
from orchestrator.journal.scheduling import Scheduler
from orchestrator.journal.vaulting import vault_columns
from orchestrator.limits.usage import usage_record
from orchestrator.turn import evidence
from orchestrator.turn.effects import AskApproval, AwaitCallback, AwaitOutcome, Finish, WaitingEffect
from orchestrator.turn.inputs import (
    Drafted,
    HandOffQueued,
    MessageAdded,
    PlanFailed,
    PlanMade,
    PlanRejected,
    StaffTookOver,
    TurnStarted,
)
from orchestrator.turn.journal import Closing, Recorded
from orchestrator.turn.state import TurnState
from servicekit.db.pool import Connection, Database

_DUE = "UPDATE turns SET by_mail = 'due' WHERE id = $1 AND by_mail IN ('promised', 'hurried') RETURNING id"


@dataclass(slots=True)
class PgTurnJournal:
    """One turn's journal. `known` is all that it holds when that need not be read, because it was just written.

    `by_mail`: its answer was promised by e-mail, and is owed until a job sends it. `repairs` gathers what was
    mended in the Brain's replies, and `spent` what each model used, for the turn's record.
    """

    database: Database
    conversation: Conversation
    turn_id: str
    codec: Codec
    scheduler: Scheduler
    vault: Vault
    known: Sequence[Recorded] = ()
    by_mail: bool = False
    repairs: tuple[str, ...] = ()
    spent: dict[str, Usage] = field(default_factory=dict)

    async def load(self) -> Sequence[Recorded]:
        """All inputs of the turn, oldest first."""
        if self.known:
            return self.known
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
                return await self._append(db, after, inputs)
        if isinstance(closing, Finish):
            gap = noticed(state, closing.refusal)
            queued = any(isinstance(one.turn_input, HandOffQueued) for one in inputs)
            owed = self.by_mail and closing.outcome is not Outcome.STOPPED
            shown = self.scheduler.shows(self.conversation.channel, closing.answering)
            if gap is None and not queued and not self.by_mail and not shown:
                async with self.database.primary() as db:
                    return await self._end(db, after, inputs, state, closing)
            async with self.database.transaction() as db:
                await self._end(db, after, inputs, state, closing)
                if queued:
                    # The promise and the job that keeps it are one transaction: neither is there without the other.
                    await self.scheduler.hand_off_later(db, self.turn_id)
                if gap is not None:
                    await keep(db, self.conversation, self.turn_id, gap)
                if owed:
                    await self._mail(db)
                elif self.by_mail:
                    await unwanted(db, self.turn_id)
                if shown:
                    await self._show(db, closing.answering)
                return None
        async with self.database.transaction() as db:
            await self._append(db, after, inputs)
            return await self._wait(db, closing, inputs[-1].at_ms if inputs else state.resumed_ms)

    async def _append(self, db: Connection, after: int, inputs: Sequence[Recorded]) -> None:
        held = self.vault.take_fresh()
        await append_entries(db, self.conversation.sealer, self.turn_id, after, inputs, self.codec, held)

    async def _end(
        self, db: Connection, after: int, inputs: Sequence[Recorded], state: TurnState, finish: Finish
    ) -> None:
        sealer, turn_id = self.conversation.sealer, self.turn_id
        event = end_event(state, finish)
        at_ms = inputs[-1].at_ms if inputs else state.resumed_ms
        record = turn_record(state, finish, event, self.repairs, at_ms) | usage_record(self.spent, state.model, at_ms)
        with turning_away(turn_id):
            await db.execute(
                "SELECT turn_end($1, $2, $3, $4, $5::text[]::bigint[], $6::text[]::bytea[], $7::text::jsonb, $8, $9),"
                " vault_keep($1, $10, $11::text[]::bytea[])",
                self.conversation.id, turn_id, after,
                *entry_columns(sealer, turn_id, after, inputs, self.codec), orjson.dumps(record).decode(),
                sealer.seal(f"end|{turn_id}", event.model_dump_json().encode()),
                sealer.seal("thread", finish.text.encode()) if finish.text else None,
                *vault_columns(sealer, self.vault.take_fresh()),
            )  # fmt: skip

    async def _wait(self, db: Connection, closing: WaitingEffect, at_ms: int) -> None:
        await db.execute("UPDATE turns SET status = 'waiting' WHERE id = $1", self.turn_id)
        if isinstance(closing, AwaitOutcome):
            await self.scheduler.try_again(db, self.turn_id, closing.after_s)
        elif isinstance(closing, AwaitCallback):
            await self.scheduler.end_callback(db, self.turn_id, closing.expires_at_ms)
        else:
            card = card_of(self.turn_id, closing)
            await open_card(db, self.conversation, card)
            await supersede(db, self.conversation, card, at_ms, self.codec)
            await self.scheduler.expire_card(db, self.turn_id, card.digest, card.expires_at)
            if self.by_mail:
                await self._mail(db)
            if isinstance(closing, AskApproval):
                await self.scheduler.tell_staff(db, self.turn_id, card.digest, card.expires_at)
        if self.scheduler.shows(self.conversation.channel, Answering.BOT):
            await self._show(db, Answering.BOT)
        await db.execute("SELECT turn_start_next($1)", self.conversation.id)

    async def _mail(self, db: Connection) -> None:
        """One e-mail for each promise: what is asked of the customer, or the answer, whichever comes first."""
        if await db.fetchval(_DUE, self.turn_id):
            await self.scheduler.mail_answer(db, self.turn_id)

    async def _show(self, db: Connection, answering: Answering) -> None:
        await self.scheduler.show_end(db, self.conversation.id, self.conversation.channel, answering)

    def _note(self, recorded: Sequence[Recorded]) -> None:
        for one in recorded:
            if isinstance(one.turn_input, PlanMade | PlanRejected):
                self.repairs += one.turn_input.repairs
            if isinstance(one.turn_input, PlanMade | PlanRejected | PlanFailed | Drafted):
                model = "" if isinstance(one.turn_input, PlanFailed) else one.turn_input.model
                self.spent[model] = self.spent.get(model, Usage()) + one.turn_input.usage


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
    support = tuple(
        one.model_copy(update={"start": one.start + len(finish.lead), "end": one.end + len(finish.lead)})
        for one in finish.support
    )
    return EndEvent(
        outcome=finish.outcome, text=finish.lead + finish.text, citations=finish.citations, links=dict(finish.links),
        answering=finish.answering, confidence=sureness(state), support=support,
        covered=finish.covered, refusal=finish.refusal, usage=state.usage,
        cost_usd=state.usage.cost_micros / 1_000_000,
    )  # fmt: skip


def sureness(state: TurnState) -> float:
    """How sure the turn was, in [0, 1]: as it was judged, or by what it observed when there was no answer to judge."""
    return evidence.confidence(state.observed) if state.judged is None else state.judged.score


def turn_record(
    state: TurnState, finish: Finish, event: EndEvent, repairs: tuple[str, ...], at_ms: int
) -> dict[str, object]:
    """What is queryable of a turn (TURN-11): never what was said."""
    return {
        "outcome": finish.outcome.value, "answering": finish.answering.value, "repairs": repairs,
        "tools": _tools(state), "handoff_reason": state.handoff_reason,
        "judged": None if state.judged is None else state.judged.model_dump(mode="json"),
        "tokens_in": state.usage.tokens_in, "tokens_out": state.usage.tokens_out, "model": state.model,
        "cost_micros": state.usage.cost_micros, "confidence": event.confidence, "worked_ms": state.worked_ms(at_ms),
    }  # fmt: skip


def _tools(state: TurnState) -> list[dict[str, object]]:
    """What the record says of each call: never its arguments' values or its output, which are in the sealed journal."""
    return [
        {
            "tool": one.call.tool, "args_hash": one.call.args_hash, "ms": round(one.ms, 1), "attempts": one.attempts,
            "cached": one.cached, "error": one.error_code or None,
        }
        for one in state.observed
    ]  # fmt: skip
