"""What the effects of a running turn share: the conversation, the collaborators, and the Brain's view of the state."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from contracts.turn import Role
from orchestrator.brain.port import Brain, BrainContext, Observation, ToolSpec
from orchestrator.brain.translating import Vocabulary
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import PhraseBook
from orchestrator.guard.masking import IdMask, known_ids
from orchestrator.guard.ours import Standing
from orchestrator.guard.vault import Vault
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.scheduling import Scheduler
from orchestrator.memory.short_term import NOTHING_YET, Remembered, ShortTermMemory
from orchestrator.stream.publisher import Publisher
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.gateway import ToolGateway
from orchestrator.turn.state import Observed, TurnState
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.language import Language, LanguageDetector


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What every turn of the process works with; built once by the composition root."""

    brain: Brain
    offline: Brain
    catalog: Catalog
    gateway: ToolGateway
    memory: ShortTermMemory
    publisher: Publisher
    database: Database
    scheduler: Scheduler
    phrases: PhraseBook
    standing: Standing
    languages: LanguageDetector
    topics: Mapping[str, Vocabulary]
    metrics: TurnMetrics
    clock: Clock
    confirmation_ttl_s: int
    approval_ttl_s: int
    most_refusals: int = 3


@dataclass(slots=True)
class TurnScope:
    """One running turn. `run` counts how often it was (re)started; `first`: nothing was said before."""

    conversation: Conversation
    turn_id: str
    request_id: str
    run: int
    first: bool
    world: Collaborators
    _vault: Vault = field(default_factory=Vault)
    _view: "TurnView | None" = None
    _remembered: Remembered | None = None
    _language: Language | None = None

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self.world.clock.now().timestamp() * 1000)

    async def remembered(self) -> Remembered:
        """The conversation so far; read once per run."""
        if self._remembered is None:
            self._remembered = (
                NOTHING_YET
                if self.first
                else await self.world.memory.recall(self.conversation, self.turn_id, self._vault)
            )
        return self._remembered

    async def language(self, state: TurnState) -> Language:
        """The customer's language: of this message where it is sure, else of the last one that was; else English."""
        if self._language is None:
            remembered = await self.remembered()
            earlier = [one.text for one in reversed(remembered.history) if one.role is Role.CUSTOMER]
            languages = self.world.languages
            self._language = "en"
            for text in (state.text, *earlier):
                if (found := languages.detect(text) or self._by_vocabulary(text)) is not None:
                    self._language = found
                    break
        return self._language

    def _by_vocabulary(self, text: str) -> Language | None:
        """The likeliest language of a short text, when it has a word of the shop in that language."""
        likely = self.world.languages.likely(text)
        return next((one for one in likely if one in self.world.topics and self.world.topics[one].knows(text)), None)

    async def phrases(self, state: TurnState) -> PhraseBook:
        """Our phrases in the customer's language."""
        return self.world.phrases.in_language(await self.language(state))

    def redacted(self, tool: str) -> tuple[str, ...]:
        """The fields of a tool's output that no model may see."""
        entry = self.world.catalog.entry(tool)
        return entry.redact if entry is not None else ()

    def view(self, state: TurnState) -> "TurnView":
        """The masked view that a Brain may see, and the way back. Made once; what is new is added to it."""
        known = self._view or TurnView(self._vault, IdMask(frozenset()), self._vault.mask(state.text), ())
        seen = len(known.observations)
        if self._view is None or seen < len(state.observed):
            fresh = tuple(_observation(one, self._vault, self.redacted(one.call.tool)) for one in state.observed[seen:])
            ids = known_ids(part for one in state.observed for part in (one.call.arguments, one.output))
            self._view = TurnView(self._vault, IdMask(ids), known.question, (*known.observations, *fresh))
        return self._view

    async def brain_context(self, state: TurnState, view: "TurnView", *, tools: tuple[ToolSpec, ...]) -> BrainContext:
        """Everything that a Brain is told."""
        remembered = await self.remembered()
        left = max(1, state.budgets.tokens_out - state.usage.tokens_out)
        return BrainContext(
            conversation_id=self.conversation.id, turn_id=self.turn_id, customer=state.customer, channel=state.channel,
            question=view.question, history=remembered.history, summary=remembered.summary, tools=tools,
            observations=view.observations, notes=self.world.gateway.notes(), max_output_tokens=left,
            now=self.world.clock.now(), language=await self.language(state),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class TurnView:
    """The state as a Brain sees it: personal data are tokens, `mask` hides ids in what is shown."""

    vault: Vault
    mask: Callable[[str], str]
    question: str
    observations: tuple[Observation, ...]


def _observation(one: Observed, vault: Vault, redact: tuple[str, ...]) -> Observation:
    return Observation(
        tool=one.call.tool, arguments=vault.mask_fields(one.call.arguments, ()),
        output=None if one.output is None else vault.mask_fields(one.output, redact),
        error_class=one.error_class, error_code=one.error_code or None,
    )  # fmt: skip
