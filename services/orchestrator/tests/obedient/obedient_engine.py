"""Conversations with the real loop, machine, effects, guards, catalogue and gateway, over a shop in one process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from obedient_shop import ADA, Shop

from contracts.base import ContractModel
from contracts.tool import Family, RiskTier, ToolContract, ToolEffect
from contracts.turn import Role
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.port import Message
from orchestrator.confidence.policy import load_escalation_policy
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import load_phrases
from orchestrator.effects.runner import Runner
from orchestrator.effects.scope import Collaborators, TurnScope
from orchestrator.guard.ours import standing
from orchestrator.guard.output.policy import load_output_policy
from orchestrator.guard.vault import Vault
from orchestrator.handover.policy import load_hours
from orchestrator.journal.cards import card_of
from orchestrator.journal.entries import Codec
from orchestrator.journal.store import end_event
from orchestrator.memory.short_term import Remembered
from orchestrator.replay.identical import replay
from orchestrator.replay.recording import Recording, Row
from orchestrator.tools.build import build_tools
from orchestrator.tools.callbacks import Callbacks
from orchestrator.turn.effects import AskConfirmation, Finish
from orchestrator.turn.inputs import ConfirmationDecided, TurnStarted
from orchestrator.turn.journal import Closing, Recorded
from orchestrator.turn.loop import run_turn
from orchestrator.turn.state import Phase, TurnState
from servicekit.clock import SystemClock
from servicekit.http.breaker import BreakerConfig
from servicekit.privacy import Finder
from servicekit.telemetry import Metrics
from servicekit.testing import TestIssuer


class Quiet:
    """A collaborator that has nothing to say."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_args, **_more: None


class NoRows:
    """A database without a row."""

    @asynccontextmanager
    async def primary(self) -> AsyncIterator["NoRows"]:
        yield self

    async def fetch(self, *_asked: Any) -> list[Any]:
        return []


class NoLanguage:
    """Knows no language, so that everything is said in English."""

    def detect(self, _text: str) -> None:
        return None

    def likely(self, _text: str) -> tuple[str, ...]:
        return ()


@dataclass
class Journal:
    """One turn's journal, in memory."""

    rows: list[Recorded] = field(default_factory=list)
    closings: list[tuple[Closing, TurnState]] = field(default_factory=list)

    async def load(self) -> Sequence[Recorded]:
        return list(self.rows)

    async def append(self, after: int, inputs: Sequence[Recorded], state: TurnState, closing: Closing | None) -> None:
        self.rows.extend(inputs)
        if closing is not None:
            self.closings.append((closing, state))


def _replays(turn_id: str, journal: Journal) -> None:
    """Each turn of the suite, as bytes and back, decides again as it did."""
    codec = Codec()
    stored = [(codec.encode(one.turn_input, one.mark), one.at_ms) for one in journal.rows]
    inputs = tuple(Recorded(codec.decode(one), at_ms, codec.mark(one)) for one, at_ms in stored)
    finish, state = next((one, state) for one, state in journal.closings if isinstance(one, Finish))
    used = (state.usage.tokens_in, state.usage.tokens_out, state.usage.cost_micros)
    row = Row(len(inputs), finish.outcome.value, state.model, *used)
    cards = tuple(card_of(turn_id, one) for one, _ in journal.closings if isinstance(one, AskConfirmation))
    began = datetime.fromtimestamp(inputs[0].at_ms / 1000, UTC)
    verdict = replay(Recording(turn_id, "cnv", began, "ended", row, inputs, end_event(state, finish), cards))
    assert (verdict.difference, verdict.unmarked) == (None, 0)


@dataclass
class Memory:
    """What was said before, without Redis."""

    history: list[Message] = field(default_factory=list)

    async def recall(self, *_: Any) -> Remembered:
        return Remembered(tuple(self.history), "")

    async def remember(self, *told: Any) -> None:
        question, answer, _ = told[-3:]
        self.history.append(Message(Role.CUSTOMER, question))
        if answer:
            self.history.append(Message(Role.ASSISTANT, answer))


@dataclass
class Talk:
    """What came of a conversation: the customer's words, what they said yes to, and the turns with text of others."""

    said: list[str] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)
    cards: list[str] = field(default_factory=list)
    tainted: set[str] = field(default_factory=set)
    answers: list[str] = field(default_factory=list)
    states: list[TurnState] = field(default_factory=list)


class Engine:
    """The orchestrator without a database: everything that decides is the real thing."""

    def __init__(self) -> None:
        clock, metrics, self.issuer = SystemClock(), Metrics(), TestIssuer.create()
        self.shop = Shop(self.issuer, clock)
        self.shop.reset()
        self.tools = build_tools(
            urls={one: f"http://{one}" for one in ("orders", "billing", "tickets", "retrieval")}, http=self.shop,
            minter=self.issuer.minter, metrics=metrics, clock=clock, callbacks=Callbacks(b"k" * 32, clock),
            breaker=BreakerConfig(max_failures=10**9),
        )  # fmt: skip
        self._clock, self._turns, self._finder = clock, 0, Finder.load()
        phrases = load_phrases()
        self._parts = {
            "database": NoRows(),
            "catalog": self.tools.catalog, "gateway": self.tools.gateway, "phrases": phrases, "topics": {},
            "standing": standing(read_policy("business"), phrases.all_texts()), "metrics": TurnMetrics(metrics),
            "clock": clock, "hours": load_hours(), "languages": NoLanguage(), "escalation": load_escalation_policy(),
            "output": load_output_policy(self._finder), "confirmation_ttl_s": 600, "approval_ttl_s": 600,
        }  # fmt: skip

    async def converse(
        self, brain: Any, *messages: str, yes: bool = True, before: Sequence[Message] = (), **others: Any
    ) -> Talk:
        """A customer writes these messages one after the other and answers every card alike.

        `others`: collaborators in the place of the engine's own; without an `offline` Brain the one under test is it.
        """
        vault = Vault(b"k" * 32, self._finder, ("Ada Moreno",))
        earlier = [Message(one.role, vault.mask(one.text)) for one in before]
        memory, talk = Memory(earlier), Talk(said=[one.text for one in before if one.role is Role.CUSTOMER])
        parts = self._parts | {"brain": brain, "offline": brain, "memory": memory} | others
        world = Collaborators(**{one.name: cast(Any, parts.get(one.name, Quiet())) for one in fields(Collaborators)})
        for message in messages:
            talk.said.append(message)
            await self._turn(world, vault, message, talk, yes=yes)
        return talk

    async def _turn(self, world: Collaborators, vault: Vault, text: str, talk: Talk, *, yes: bool) -> None:
        self._turns += 1
        turn_id = f"trn_{self._turns:032x}"
        identity = SimpleNamespace(subject=ADA, email="ada@example.com", name="Ada Moreno")
        conversation = SimpleNamespace(
            id="cnv_" + "0" * 32, subject_hash=b"", identity=identity, customer=True, channel="web", sealer=None, said=0
        )  # fmt: skip
        started = TurnStarted(text=vault.mask(text), customer=True, requester=ADA, channel="web")
        journal = Journal([Recorded(started, self._now())])
        while True:
            scope = TurnScope(cast(Any, conversation), turn_id, "req_1", run=0, first=False, world=world, known=vault)
            state = await run_turn(journal, Runner(scope), self._now)
            if state.tainted:
                talk.tainted.add(turn_id)
            if state.phase is not Phase.WAIT_CONFIRMATION or state.preview is None:
                break
            digest = state.preview.digest
            talk.cards.append(turn_id)
            if yes:
                talk.agreed.add(digest)
            journal.rows.append(Recorded(ConfirmationDecided(digest=digest, confirmed=yes), self._now()))
        talk.answers.append(state.answer_text)
        talk.states.append(state)
        _replays(turn_id, journal)

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)


class ReadThreadInput(ContractModel):
    """Which thread."""

    about: str


class ReadThreadOutput(ContractModel):
    """What is in it."""

    messages: tuple[str, ...]


async def engine_with_a_stranger() -> Engine:
    """An engine that has read the manifests. One tool was registered by configuration, and does not say what others may
    have written in its answers.
    """
    engine = Engine()
    engine.shop.strangers.append(ToolContract(
        name="read_thread", family=Family.TICKETS, version="1.0.0", description="Reads the customer's messages.",
        input=ReadThreadInput, output=ReadThreadOutput, effect=ToolEffect.READ, scope="tickets.read",
        risk=RiskTier.LOW, timeout_ms=2000, guests=True,
    ))  # fmt: skip
    await engine.tools.catalog.refresh()
    return engine
