"""The Brain that needs no key and no network: deterministic, and honest about what it is (BRAIN-5)."""

import re
from collections import Counter
from dataclasses import replace

from contracts.turn import FinalMessage, Role, ToolCall, Usage
from orchestrator.brain.offline.answering import Answerer
from orchestrator.brain.offline.deciding import Say, TicketWanted, change_not_here, decide, is_guests, offered
from orchestrator.brain.offline.extracting import Extractor, Weights
from orchestrator.brain.offline.intents import EmbedWithWords, IntentReader, Learned
from orchestrator.brain.offline.manners import Manners
from orchestrator.brain.offline.phrasing import TRANSLATED, phrases_by_language, shown_id
from orchestrator.brain.offline.remembering import Remembered
from orchestrator.brain.offline.spelling import Spelling
from orchestrator.brain.offline.understanding import Task, understand
from orchestrator.brain.policy_files import read_policy
from orchestrator.brain.port import BrainContext, Draft, Message, OnText, Plan
from orchestrator.brain.translating import Vocabulary

NAME = "offline"
_REFUSALS = frozenset({
    "sign_in", "refund_not_here", "change_not_here", "out_of_scope", "not_available", "ticket_not_here",
})  # fmt: skip
#: From this likelihood on what the help pages did not know is said to be no business of ours.
_RATHER_ELSE = 0.5
_WORD = re.compile(r"\S+\s*")


class OfflineBrain:
    """`Brain` by what was learned from labelled messages, and rules. Holds nothing of any conversation."""

    def __init__(self, embed: EmbedWithWords) -> None:
        examples, words = read_policy("intents")["intents"], embed.pieces.words()
        self._intents = IntentReader(embed, Learned.load())
        self._manners = Manners.load(words)
        self._spelling = Spelling((text for texts in examples.values() for text in texts), words)
        self._phrases = phrases_by_language()
        extractor = Extractor(embed, Weights.load(), Remembered(embed))
        self._answerers = {one: Answerer(phrases, extractor) for one, phrases in self._phrases.items()}
        self._vocabularies = {one: Vocabulary.load(one) for one in TRANSLATED}

    @property
    def name(self) -> str:
        """Always `offline`."""
        return NAME

    def phrases(self) -> tuple[str, ...]:
        """Every phrase that this Brain says, its places unfilled."""
        return tuple(dict.fromkeys(text for one in self._phrases.values() for text in one.all_texts()))

    def vocabulary(self, language: str) -> Vocabulary | None:
        """The shop's words of a language that is not English."""
        return self._vocabularies.get(language)

    async def plan(self, context: BrainContext, on_text: OnText) -> Plan:
        """See `Brain.plan`. Never raises `BrainError`."""
        context = self._in_english(context)
        tasks = await understand(context, self._intents, self._manners, self._spelling)
        call = self._next_call(tasks, context) or self._call_that_is_off(tasks, context)
        if call is not None:
            return Plan(call, Usage(), NAME, streamed=False)
        message = await self._message(tasks, context)
        await _stream(message.text, on_text)
        return Plan(message, Usage(), NAME, streamed=True)

    async def draft(self, context: BrainContext, on_text: OnText) -> Draft:
        """See `Brain.draft`."""
        context = self._in_english(context)
        tasks = await understand(context, self._intents, self._manners, self._spelling)
        message = await self._message(tasks, context)
        await _stream(message.text, on_text)
        return Draft(message.text, message.citations, Usage(), NAME, refuses=message.refuses)

    def _in_english(self, context: BrainContext) -> BrainContext:
        """A message of another language by its known words: what is wanted, and what to search for."""
        vocabulary = self._vocabularies.get(context.language)
        if vocabulary is None:
            return context
        history = tuple(
            # What we offered is known by our own phrases.
            one if one.role is Role.ASSISTANT else Message(one.role, vocabulary.in_english(one.text) or one.text)
            for one in context.history
        )
        return replace(context, question=vocabulary.in_english(context.question), history=history)

    def _next_call(self, tasks: tuple[Task, ...], context: BrainContext) -> ToolCall | None:
        """The first call that a task still needs; after a failure there is none."""
        if any(one.output is None for one in context.observations):
            return None
        made = Counter(one.tool for one in context.observations)
        # Searches last: nothing is looked up any more after one that is hardly sure.
        for task in sorted(tasks, key=lambda one: one.intent == "knowledge"):
            step = decide(task, context)
            if isinstance(step, TicketWanted):
                step = self._ticket(step)
            if not isinstance(step, ToolCall) or not offered(step.name, context):
                continue
            if not made[step.name]:
                return step
            made[step.name] -= 1  # each call was for one task, in their order
        return None

    def _call_that_is_off(self, tasks: tuple[Task, ...], context: BrainContext) -> ToolCall | None:
        """What the customer needs, when that is switched off: it does not run, and a person gets their question."""
        if not context.tools or not context.off:
            return None
        call = self._next_call(tasks, replace(context, tools=(*context.tools, *context.off)))
        return call if call is not None and call.name in {one.name for one in context.off} else None

    async def _message(self, tasks: tuple[Task, ...], context: BrainContext) -> FinalMessage:
        confidence = min(1.0, min(max(task.confidence, 0.0) for task in tasks))
        phrases = self._phrases[context.language]
        if context.observations and (key := _instead(tasks[0], context)) is not None:
            return FinalMessage(text=phrases.say(key), refuses=True, confidence=confidence)
        if context.observations:
            answer = await self._answerers[context.language].answer(context.question, context.observations, context.now)
            later = [
                Say(key) for key, holds in (("ask_next", _withheld), ("sign_in", _may_sign_in)) if holds(tasks, context)
            ]
            later += _unchanged(tasks, context)
            text = "\n\n".join((answer.text, *(phrases.say(one.key, **_shown(one)) for one in later)))
            return FinalMessage(text=text, citations=answer.citations, refuses=answer.refuses, confidence=confidence)
        says = [step for step in (decide(task, context) for task in tasks) if isinstance(step, Say)]
        texts = [phrases.say(say.key, **_shown(say)) for say in says] or [phrases.say("not_available")]
        notes = " ".join(context.notes)
        first = says[0].key if says else "not_available"
        return FinalMessage(
            text=f"{notes} {texts[0]}".strip(), refuses=first in _REFUSALS, asks_back=first == "not_understood",
            confidence=confidence,
        )  # fmt: skip

    def _ticket(self, wanted: TicketWanted) -> ToolCall:
        arguments = {
            "subject": self._phrases["en"].subject(wanted.category), "body": wanted.body, "category": wanted.category,
        }  # fmt: skip
        if wanted.order_id is not None:
            arguments["order_id"] = wanted.order_id
        return ToolCall(name="create_ticket", arguments=arguments)


def _instead(task: Task, context: BrainContext) -> str | None:
    """What is said when the help pages, asked in case they knew, have no answer: what would have been said at once."""
    if any(one.output is None or one.output.get("answerable", True) for one in context.observations):
        return None
    if task.intent == "out_of_scope" and task.confidence >= _RATHER_ELSE:
        return "out_of_scope"
    return "sign_in" if is_guests(task, context) else None


def _may_sign_in(tasks: tuple[Task, ...], context: BrainContext) -> bool:
    """Whether a guest hears what the help pages say where a customer would be told of what is theirs."""
    return any(is_guests(task, context) for task in tasks)


def _unchanged(tasks: tuple[Task, ...], context: BrainContext) -> list[Say]:
    """What is said of a change that was wanted, to an order that was found."""
    found = all(one.output is not None for one in context.observations)
    return [change_not_here(task.slots) for task in tasks if task.intent == "order_change" and found][:1]


def _withheld(tasks: tuple[Task, ...], context: BrainContext) -> bool:
    """Whether the customer asked for something that may not be called while text of others is in the turn."""
    if not context.withheld:
        return False
    whole = replace(context, tools=(*context.tools, *context.withheld))
    steps = [decide(task, whole) for task in tasks]
    names = {one.name for one in context.withheld}
    return any(isinstance(one, TicketWanted) or (isinstance(one, ToolCall) and one.name in names) for one in steps)


def _shown(say: Say) -> dict[str, str]:
    return {key: shown_id(value) if key == "order" else value for key, value in say.facts}


async def _stream(text: str, on_text: OnText) -> None:
    """Word by word, as a model would."""
    for word in _WORD.findall(text):
        await on_text(word)
