"""Turns that the real loop records on a real database, answered by a scripted shop."""

import itertools
import time
from typing import Any

from contracts.money import Money
from contracts.tool import RiskTier
from contracts.turn import FinalMessage
from orchestrator.jobs.queue import JobQueue
from orchestrator.journal.store import PgTurnJournal
from orchestrator.turn.confidence import Confidence, Signal
from orchestrator.turn.effects import AskingEffect, CallPlanner, CallTool, CheckGuardrails, PreviewEffect, SayPhrase
from orchestrator.turn.inputs import (
    Drafted,
    EffectPreviewed,
    FollowUp,
    Guarded,
    PlanMade,
    PlannedCall,
    ToolSucceeded,
    TurnInput,
)
from orchestrator.turn.loop import run_turn
from orchestrator.turn.state import TurnState

FIFTY = Money(amount_minor=5_000, currency="USD")
DIGEST = "c" * 64
REFUND = PlannedCall(
    tool="issue_refund", arguments={"order_id": "A1", "amount_minor": 5_000, "currency": "USD"}, args_hash="1",
    label="Refund", write=True, needs_confirmation=True, ref="refund_request_id",
    approved_by=FollowUp(tool="approve_refund", label=""), closed_by=FollowUp(tool="close_refund", label=""),
)  # fmt: skip
_numbers = itertools.count(1)


class Shop:
    """Answers, sure to one half; or gives 50 dollars back as the refund `refund`, without staff."""

    def __init__(self, refund: str = "") -> None:
        self.refund = refund

    def is_local(self, effect: AskingEffect) -> bool:
        return isinstance(effect, CheckGuardrails | SayPhrase)

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        match effect:
            case CallPlanner() if self.refund and not state.observed:
                return PlanMade(call=REFUND)
            case CallPlanner():
                return PlanMade(message=FinalMessage(text="Done."))
            case PreviewEffect():
                return EffectPreviewed(
                    summary="Refund 50.00 USD", digest=DIGEST, money_moved=FIFTY, expires_at_ms=2**42
                )
            case CallTool():
                return ToolSucceeded(output={"refund_request_id": self.refund, "approvals_needed": 0}, ms=1)
            case CheckGuardrails():
                strength = Signal(name="retrieval_strength", value=1 - 0.5 / 0.6, weight=0.6)
                sure = Confidence(score=0.5, tier=RiskTier.LOW, signals=(strength,), escalate=False, policy="then")
                return Guarded(verdict="pass", text=effect.text, confidence=None if self.refund else sure)
            case SayPhrase():
                return Drafted(text=effect.key, model="phrases")
            case _:
                raise AssertionError(effect)

    async def tell(self, *_: Any) -> None:
        """Nobody listens."""


async def recorded(api: Any, shop: Shop, text: str = "Can I return it?", subject: str = "cust_ada") -> str:
    """A turn that has ended; its customer says yes to what they are asked. Its id."""
    conversation_id = await api.begin(subject)
    body = {"conversation_id": conversation_id, "text": text, "client_turn_id": f"m{next(_numbers)}"}
    turn_id = str((await api.post("/api/agent/messages", body, subject=subject)).json()["turn_id"])
    state = await _run(api, shop, turn_id)
    if state.waiting:
        yes = {"conversation_id": conversation_id, "turn_id": turn_id, "digest": DIGEST, "confirmed": True}
        answer = await api.post("/api/agent/confirmations", yes, subject=subject)
        assert answer.status_code == 202, answer.text
        state = await _run(api, shop, turn_id)
    assert state.ended
    return turn_id


async def _run(api: Any, shop: Shop, turn_id: str) -> TurnState:
    desk = api.app.state.desk
    async with desk.database.primary() as db:
        conversation = await desk.conversations.by_turn(db, turn_id)
    vault = desk.intake.vaults.of(conversation)
    journal = PgTurnJournal(desk.database, conversation, turn_id, desk.codec, JobQueue(), vault)
    return await run_turn(journal, shop, lambda: int(time.time() * 1000))
