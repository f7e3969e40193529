"""Turns that are recorded with the real engine in a sandbox: a Brain of the test's, and tools that answer as told."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from contracts.errors import ProblemCode
from contracts.money import Money
from contracts.turn import Answering, FinalMessage, ToolCall, Usage
from orchestrator.brain.factory import Brains
from orchestrator.brain.port import BrainContext, BrainError, Draft, OnText, Plan
from orchestrator.journal.conversations import Conversation, Identity
from orchestrator.journal.sealing import Sealer
from orchestrator.memory.short_term import NOTHING_YET, Remembered
from orchestrator.replay.anew import Anew
from orchestrator.replay.comparing import Forked
from orchestrator.replay.earlier import Earlier
from orchestrator.replay.forking import Open
from orchestrator.replay.identical import replay
from orchestrator.replay.recording import Recording
from orchestrator.replay.sandbox import Parts, Sandbox, open_sandbox
from orchestrator.replay.tool_forks import switched_off, told_by_tool
from orchestrator.turn.effects import (
    AskConfirmation,
    AskingEffect,
    CallTool,
    CheckGuardrails,
    HandOff,
    PreviewEffect,
    SayPhrase,
)
from orchestrator.turn.inputs import (
    ConfirmationDecided,
    EffectPreviewed,
    HandedOff,
    ToolFailed,
    ToolSucceeded,
    TurnInput,
    TurnStarted,
)
from orchestrator.turn.journal import Recorded
from orchestrator.turn.loop import run_turn
from orchestrator.turn.state import TurnState

from .conftest import Journal

BEGAN_MS = int(datetime(2026, 11, 23, 10, tzinfo=UTC).timestamp() * 1000)
STATUS = {
    "order_id": "ABC123", "status": "shipped", "placed_at": "2026-11-18T09:00:00Z",
    "updated_at": "2026-11-20T09:00:00Z", "eta": "2026-11-25T12:00:00Z",
}  # fmt: skip
FIFTY = {"order_id": "ABC123", "amount_minor": 5_000, "currency": "USD"}


@dataclass
class Script:
    """A Brain that proposes these, one after the other, and then the last one for ever. It keeps what it was told."""

    proposals: list[ToolCall | FinalMessage | BrainError]
    name: str = "scripted"
    usage: Usage = field(default_factory=Usage)
    seen: list[BrainContext] = field(default_factory=list)

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        self.seen.append(context)
        one = self.proposals[min(len(self.seen), len(self.proposals)) - 1]
        if isinstance(one, BrainError):
            raise one
        return Plan(one, self.usage, self.name, streamed=False)

    async def draft(self, context: BrainContext, on_text: OnText) -> Draft:
        return Draft("It is on its way.", (), self.usage, self.name)


def calls(tool: str, **arguments: Any) -> ToolCall:
    return ToolCall(name=tool, arguments=arguments)


def says(text: str) -> FinalMessage:
    return FinalMessage(text=text)


@dataclass
class Lab:
    """Records turns and forks them: everything that decides is the real thing."""

    parts: Parts
    offline: Any
    earlier: Earlier

    def sandbox(self, brain: Any = None) -> Sandbox:
        main = brain or self.offline
        return open_sandbox(Brains(main, self.offline, main), self.parts)

    async def recorded(
        self, text: str, brain: Any = None, answers: Mapping[str, Any] | None = None, yes: bool = True
    ) -> Recording:
        """The turn as the loop records it, with what the tools answer (their output, or the code of an error)."""
        sandbox = self.sandbox(brain)
        runner = _Runner(sandbox, self.earlier, dict(answers or {}))
        journal, clock = Journal(), itertools.count(BEGAN_MS + 1, 10)
        masked = runner.mind.scope.vault.mask(text)
        journal.add(Recorded(TurnStarted(text=masked, customer=True, requester="ada", channel="web"), BEGAN_MS))
        state = await run_turn(journal, runner, lambda: next(clock))
        if state.waiting:
            closing = journal.closings[-1][0]
            assert isinstance(closing, AskConfirmation)
            journal.add(Recorded(ConfirmationDecided(digest=closing.preview.digest, confirmed=yes), next(clock)))
            await run_turn(journal, runner, lambda: next(clock))
        recording = journal.recording()
        assert replay(recording).difference is None
        # As the database keeps them with the turn.
        self.earlier = replace(self.earlier, held=(*self.earlier.held, *runner.mind.scope.vault.take_fresh()))
        return recording

    async def forked(self, recording: Recording, brain: Any = None, off: str = "", **told: str) -> Forked:
        """With another Brain, a tool that is off, or tools that answer these texts."""
        names = switched_off(off) if off else frozenset()
        sandbox = self.sandbox(brain)
        answers = [told_by_tool(name, text) for name, text in told.items()]
        return await Anew(sandbox, brain is not None, names, answers).forked(recording, self.earlier)


class _Runner:
    def __init__(self, sandbox: Sandbox, earlier: Earlier, answers: dict[str, Any]) -> None:
        self.mind = sandbox.mind(earlier, "trn_1", plans=True)
        self._sandbox, self._earlier, self._answers = sandbox, earlier, answers

    def is_local(self, effect: AskingEffect) -> bool:
        return isinstance(effect, CheckGuardrails | SayPhrase)

    async def ask(self, effect: AskingEffect, state: TurnState) -> TurnInput:
        match effect:
            case CallTool():
                told = self._answers[effect.call.tool]
                if isinstance(told, ProblemCode):
                    return ToolFailed(error_class="not_found", code=told.value, ms=1)
                return ToolSucceeded(output=self._sandbox.masked(self._earlier, effect.call.tool, told), ms=1)
            case PreviewEffect():
                moved = Money(amount_minor=effect.call.arguments["amount_minor"], currency="USD")
                return EffectPreviewed(summary="Refund", digest="a" * 64, money_moved=moved, expires_at_ms=1)
            case HandOff():
                return HandedOff(ticket_number="T-1", text="A colleague goes on.")
            case _:
                answer = await self.mind.answer(Open(effect, state, BEGAN_MS))
                assert answer is not None
                return answer

    async def tell(self, *_: Any) -> None:
        """Nobody listens."""


def conversation(remembered: Remembered = NOTHING_YET) -> Earlier:
    """Ada's, with what was said before."""
    ada = Identity("ada", "ada@example.com", "Ada Moreno")
    talk = Conversation(
        id="cnv_1", issuer="shop", subject_hash="h", identity=ada, customer=True, channel="web",
        answering=Answering.BOT, tokens=0, sealer=Sealer("cnv_1", b"k" * 32),
    )  # fmt: skip
    return Earlier(talk, (), remembered)
