"""What the effects of a running turn share: the conversation, the collaborators, and the Brain's view of the state."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from contracts.tools.retrieval import Channel
from contracts.turn import Role
from orchestrator.brain.port import Brain, BrainContext, Observation, ToolSpec
from orchestrator.brain.translating import Vocabulary
from orchestrator.channels.email.letters import MAIL_TOOL
from orchestrator.channels.email.proving import Proving
from orchestrator.confidence.policy import EscalationPolicy
from orchestrator.effects.faq import Faq
from orchestrator.effects.metrics import TurnMetrics
from orchestrator.effects.phrases import PhraseBook
from orchestrator.guard.checker import AnswerChecker
from orchestrator.guard.masking import IdMask
from orchestrator.guard.ours import Standing
from orchestrator.guard.output.policy import OutputPolicy
from orchestrator.guard.vault import Vault
from orchestrator.handover.policy import HoursPolicy, load_hours
from orchestrator.journal.conversations import Conversation
from orchestrator.journal.scheduling import Scheduler
from orchestrator.journal.vaulting import Vaults, held_values
from orchestrator.memory.short_term import NOTHING_YET, Place, Remembered, ShortTermMemory
from orchestrator.stream.publisher import Publisher
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.gateway import ToolGateway
from orchestrator.turn.budgets import Level
from orchestrator.turn.state import Observed, TurnState
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.language import Language, LanguageDetector
from servicekit.privacy.tokens import without_tokens


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What every turn of the process works with; built once by the composition root."""

    brain: Brain
    offline: Brain
    catalog: Catalog
    gateway: ToolGateway
    memory: ShortTermMemory
    vaults: Vaults
    publisher: Publisher
    database: Database
    scheduler: Scheduler
    phrases: PhraseBook
    standing: Standing
    escalation: EscalationPolicy
    output: OutputPolicy
    languages: LanguageDetector
    topics: Mapping[str, Vocabulary]
    metrics: TurnMetrics
    clock: Clock
    confirmation_ttl_s: int
    approval_ttl_s: int
    most_refusals: int = 3
    #: What is told while the help pages cannot be searched.
    faq: Faq = field(default_factory=Faq)
    #: When people are there.
    hours: HoursPolicy = field(default_factory=load_hours)
    #: The small model alone; None: `brain` is as small as it gets.
    small: Brain | None = None
    #: How a guest proves a mail address; None: nobody does.
    proving: Proving | None = None

    def brain_at(self, level: Level) -> Brain:
        """The Brain that a turn of this level may ask."""
        match level:
            case Level.STRONG:
                return self.brain
            case Level.SMALL:
                return self.small or self.brain
            case Level.KNOWLEDGE | Level.EMAIL:
                return self.offline
            case _:
                assert_never(level)


@dataclass(slots=True)
class TurnScope:
    """One running turn. `run` counts how often it was (re)started; `first`: nothing was said before.

    State, thread and memory hold tokens; `vault` knows what they stand for once the scope is `ready`: at once with a
    vault that is `known`. `place` is where the turn stands in the thread; by default it was just behind what the
    conversation held when it was read. `recalled` is what was said before, where somebody has read it already.
    """

    conversation: Conversation
    turn_id: str
    request_id: str
    run: int
    first: bool
    world: Collaborators
    known: Vault | None = None
    place: Place | None = None
    recalled: Remembered | None = None
    vault: Vault = field(init=False)
    _ready: bool = False
    _view: "TurnView | None" = None
    _remembered: Remembered | None = None
    _language: Language | None = None
    #: What was heard in this turn: an answer is asked about as it is written, and once more when it is finished.
    _heard: dict[str, Language | None] = field(default_factory=dict)
    #: The checks of the stream, for the finished answer; with the number of observations that they know.
    checker: tuple[int, AnswerChecker] | None = None

    def __post_init__(self) -> None:
        self.vault = self.known or self.world.vaults.of(self.conversation)
        self._ready = self.known is not None

    @property
    def may_prove(self) -> bool:
        """Whether who asks can prove a mail address: a guest who wrote by mail, where codes can be mailed. In the chat
        of a guest who only left an address it would open what that guest sees, too.
        """
        if self.world.proving is None or self.conversation.channel != Channel.EMAIL or self.conversation.customer:
            return False
        tool = self.world.catalog.entry(MAIL_TOOL)
        return tool is not None and tool.guests

    async def proven_email(self) -> str | None:
        """The address that is proven for the mail which this turn answers, as it stands now."""
        if not self.may_prove or self.world.proving is None:
            return None
        async with self.world.database.primary() as db:
            return await self.world.proving.proven(db, self.conversation, self.turn_id)

    async def ready(self) -> None:
        """Read what the conversation's tokens stand for, once."""
        if self._ready:
            return
        async with self.world.database.primary() as db:
            self.vault.learn(await held_values(db, self.conversation))
        self._ready = True

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self.world.clock.now().timestamp() * 1000)

    async def remembered(self) -> Remembered:
        """The conversation so far; read once per run."""
        if self._remembered is None:
            if self.first or self.recalled is not None:
                self._remembered = self.recalled or NOTHING_YET
            else:
                recall = self.world.memory.recall
                self._remembered = await recall(self.conversation, self.turn_id, self._stands())
        return self._remembered

    async def remember(self, question: str, answer: str, calls: Iterable[str]) -> None:
        """Have later turns know how this one went."""
        before = await self.remembered()
        await self.world.memory.remember(
            self.conversation, self.turn_id, self._stands(), before, question, answer, calls
        )  # fmt: skip

    def _stands(self) -> Place:
        return self.place or Place(self.conversation.said)

    async def language(self, state: TurnState) -> Language:
        """The customer's language: of this message where it is sure, else of the last one that was; else English."""
        if self._language is None:
            remembered = await self.remembered()
            earlier = [one.text for one in reversed(remembered.history) if one.role is Role.CUSTOMER]
            self._language = "en"
            for text in map(without_tokens, (state.text, *earlier)):
                if (found := self.heard(text) or self._by_vocabulary(text)) is not None:
                    self._language = found
                    break
        return self._language

    def heard(self, text: str) -> Language | None:
        """The language that a text is in for sure; worked out once in a turn."""
        if text not in self._heard:
            self._heard[text] = self.world.languages.detect(text)
        return self._heard[text]

    def _by_vocabulary(self, text: str) -> Language | None:
        """The likeliest language of a short text, when it has a word of the shop in that language."""
        likely = self.world.languages.likely(text)
        return next((one for one in likely if one in self.world.topics and self.world.topics[one].knows(text)), None)

    async def phrases(self, state: TurnState) -> PhraseBook:
        """Our phrases in the customer's language."""
        return self.world.phrases.in_language(await self.language(state))

    def view(self, state: TurnState) -> "TurnView":
        """What a Brain may see of the state, and the way back. Made once; what is new is added to it."""
        known = self._view or TurnView(self.vault, IdMask(frozenset()), state.text, ())
        seen = len(known.observations)
        if self._view is None or seen < len(state.observed):
            fresh = tuple(_observation(one) for one in state.observed[seen:])
            # An order number that only its look-up made one is the same in the question and in what was found.
            question = self.vault.mask_known(known.question)
            self._view = TurnView(
                self.vault, IdMask(self.vault.orders()), question, (*known.observations, *fresh)
            )  # fmt: skip
        return self._view

    async def brain_context(
        self, state: TurnState, view: "TurnView", *, tools: tuple[ToolSpec, ...], off: tuple[ToolSpec, ...] = ()
    ) -> BrainContext:
        """Everything that a Brain is told; `off` are tools that it would be offered, were they not switched off."""
        remembered = await self.remembered()
        # As the question: what this turn's calls have made known stands in what was said before in one way, too. Of an
        # order that we told of, its last characters stand there: whoever reads on has to know which one that was.
        seen = self.vault.mask_known if state.observed else str
        history = tuple(replace(one, text=seen(self.vault.know_shown(one.text))) for one in remembered.history)
        left = max(1, state.budgets.tokens_out - state.usage.tokens_out)
        return BrainContext(
            conversation_id=self.conversation.id, turn_id=self.turn_id, customer=state.customer, channel=state.channel,
            question=view.question, history=history, summary=remembered.summary, tools=tools,
            observations=view.observations, notes=self.world.gateway.notes(), max_output_tokens=left,
            now=self.world.clock.now(), language=await self.language(state), withheld=self._withheld(state),
            off=off, may_prove=self.may_prove,
        )  # fmt: skip

    def _withheld(self, state: TurnState) -> tuple[ToolSpec, ...]:
        """The writes that would be offered, were there no text of others in the turn."""
        if not state.tainted:
            return ()
        specs = self.world.catalog.specs
        left = {one.name for one in specs(customer=state.customer, may_write=False)}
        return tuple(one for one in specs(customer=state.customer) if one.name not in left)


@dataclass(frozen=True, slots=True)
class TurnView:
    """The state as a Brain sees it: personal data are tokens, `mask` hides ids in what is shown."""

    vault: Vault
    mask: Callable[[str], str]
    question: str
    observations: tuple[Observation, ...]


def _observation(one: Observed) -> Observation:
    return Observation(
        tool=one.call.tool, arguments=one.call.arguments, output=one.output, error_class=one.error_class,
        error_code=one.error_code or None, free_text=one.call.free_text,
    )  # fmt: skip
